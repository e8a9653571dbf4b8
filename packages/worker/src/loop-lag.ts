/** How often it looks, in milliseconds. */
const periodMs = 100;

/**
 * How late the main loop runs at the worst. (node's own monitorEventLoopDelay forgets, when it is reset, what blocks
 * the loop next.)
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

  /** The worst since it was last asked, in whole milliseconds. */
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
