/**
 * Monotonic time that stands still while the process is suspended: a laptop that wakes up must not find that all
 * leases ran out while nothing could have renewed them.
 */
export class LivedClock {
  #last: number;
  #slept = 0;

  /**
   * @param source monotonic milliseconds
   * @param tickMs how often {@link now} is asked at the least while the process runs, in milliseconds
   */
  constructor(
    private readonly source: () => number,
    private readonly tickMs: number,
  ) {
    this.#last = source();
  }

  /** Not asked for longer than three ticks means that the process was not running. */
  now(): number {
    const time = this.source();
    const gap = time - this.#last;
    if (gap > 3 * this.tickMs) this.#slept += gap - this.tickMs;
    this.#last = time;
    return time - this.#slept;
  }
}
