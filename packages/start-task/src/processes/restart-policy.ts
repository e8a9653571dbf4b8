export interface RestartLimits {
  /** Restarts of one process within `windowMs`; one crash more, and it is given up. */
  limit: number;
  windowMs: number;
  /** Before the first restart; doubles with every crash in the window. */
  delayMs: number;
  /** The longest delay. */
  maxDelayMs: number;
}

/** Decides after a crash. The time, in monotonic milliseconds, is passed in. */
export class RestartPolicy {
  #crashes: number[] = [];

  constructor(private readonly limits: RestartLimits) {}

  /** Milliseconds to wait before the restart; undefined: give up. */
  crashed(now: number): number | undefined {
    const { limit, windowMs, delayMs, maxDelayMs } = this.limits;
    this.#crashes = [...this.#crashes.filter((crash) => now - crash < windowMs), now];
    if (this.#crashes.length > limit) return undefined;
    return Math.min(maxDelayMs, delayMs * 2 ** (this.#crashes.length - 1));
  }
}
