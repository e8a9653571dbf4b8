/**
 * Monotonic time that stands still while the process is suspended: a laptop that wakes up must not find that all
 * leases ran out while nothing could have renewed them.
 */
export class LivedClock {
  #lastTick: number;
  #slept = 0;

  /**
   * @param source monotonic milliseconds
   * @param tickMs how often {@link tick} is called, in milliseconds
   */
  constructor(
    private readonly source: () => number,
    private readonly tickMs: number,
  ) {
    this.#lastTick = source();
  }

  now(): number {
    return this.source() - this.#slept;
  }

  /** Called by the reaper. A tick that comes later than three periods means that the process was not running. */
  tick(): void {
    const now = this.source();
    const gap = now - this.#lastTick;
    if (gap > 3 * this.tickMs) this.#slept += gap - this.tickMs;
    this.#lastTick = now;
  }
}
