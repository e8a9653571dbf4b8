/** Interval of the measurements, in milliseconds. */
const periodMs = 100;

/**
 * Measures the maximum lag of the main loop. (Node's monitorEventLoopDelay misses a block of the loop that directly follows
 * a reset.)
 */
export class LoopLag {
  #timer: NodeJS.Timeout | undefined;
  #last: number;
  #worst = 0;

  /** @param now monotonic milliseconds */
  constructor(private readonly now: () => number = () => performance.now()) {
    this.#last = now();
  }

  start(): void {
    this.#last = this.now();
    this.#timer = setInterval(() => this.#look(), periodMs);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** The maximum since the last reading, in whole milliseconds. */
  take(): number {
    this.#look();
    const worst = Math.round(this.#worst);
    this.#worst = 0;
    return worst;
  }

  #look(): void {
    const now = this.now();
    this.#worst = Math.max(this.#worst, now - this.#last - periodMs);
    this.#last = now;
  }
}
