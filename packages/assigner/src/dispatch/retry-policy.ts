export interface RetryPolicy {
  /** Attempts at one sample, in one launch. 1: failures are final. */
  maxAttempts: number;
  /**
   * Times that a sample is carried out at most, those in which its runner was lost among them. Default 3, or
   * `maxAttempts` where that is more.
   */
  maxExecutions?: number;
  /** Milliseconds to wait before attempt `number` (2 and more). */
  delayMs: (number: number) => number;
}

/** Waits 1 s, 2 s, 4 s, ... up to a minute, each shortened by up to a quarter so that retries do not come in waves. */
export function exponentialBackoff(number: number, random: () => number = Math.random): number {
  return Math.min(60_000, 1_000 * 2 ** (number - 2)) * (1 - random() / 4);
}
