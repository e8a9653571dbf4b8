import type { EndedAttempt } from "./attempt.js";
import type { RunError } from "./run-error.js";

export interface RetryPolicy {
  /** Attempts at one sample, in one launch. 1: failures are final. */
  maxAttempts: number;
  /**
   * Maximum number of attempts per sample, including those whose runner was lost. Default 3, or `maxAttempts` if that is
   * greater.
   */
  maxExecutions?: number;
  /** Milliseconds to wait before attempt `number` (2 and more). */
  delayMs: (number: number) => number;
}

/** Waits 1 s, 2 s, 4 s, ... up to a minute, each shortened by up to a quarter, so that retries do not come in waves. */
export function exponentialBackoff(number: number, random: () => number = Math.random): number {
  return Math.min(60_000, 1_000 * 2 ** (number - 2)) * (1 - random() / 4);
}

/** Failures that would occur again with the same sample. */
const final: ReadonlySet<RunError> = new Set(["RUNNER_LOST", "TURN_LIMIT"]);

/** Whether a retry of the sample may succeed. */
export function mayBeRetried(outcome: EndedAttempt): boolean {
  return outcome.kind === "failed" ? !final.has(outcome.error) : outcome.output.status === "task error";
}
