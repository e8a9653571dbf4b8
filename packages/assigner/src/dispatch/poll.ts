/** Calls a function now, in every period, and sooner on request; calls never overlap. */
export class Poll {
  #timer: NodeJS.Timeout | undefined;
  #soon: NodeJS.Timeout | undefined;
  #running = false;
  /** A request during a call, which may have read an older state. */
  #again = false;
  #stopped = false;

  /**
   * Periods are in milliseconds.
   * @param call must not reject, and reports its own errors: a rejection is ignored, and the next call is made as usual
   */
  constructor(
    private readonly call: () => Promise<void>,
    private readonly everyMs: number,
    private readonly soonMs: number,
  ) {}

  start(): void {
    this.#stopped = false;
    this.#runNowOrNext();
    clearInterval(this.#timer);
    this.#timer = setInterval(() => void this.#run(), this.everyMs);
  }

  /** Begins a call after `soonMs`, or right after the running one. */
  soon(): void {
    if (this.#stopped) return;
    this.#soon ??= setTimeout(() => {
      this.#soon = undefined;
      this.#runNowOrNext();
    }, this.soonMs);
  }

  /** Begins no more calls; a running one ends by itself. */
  stop(): void {
    this.#stopped = true;
    this.#again = false;
    clearInterval(this.#timer);
    clearTimeout(this.#soon);
    this.#soon = undefined;
  }

  #runNowOrNext(): void {
    if (this.#running) this.#again = true;
    else void this.#run();
  }

  async #run(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    do {
      this.#again = false;
      try {
        await this.call();
      } catch {
        // Ignored: an unhandled rejection would end the process, and polling must continue.
      }
    } while (this.#again);
    this.#running = false;
  }
}
