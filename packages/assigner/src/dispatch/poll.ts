/** Calls something now, at every period, and sooner on request; never twice at once. */
export class Poll {
  #timer: NodeJS.Timeout | undefined;
  #soon: NodeJS.Timeout | undefined;
  #running = false;
  /** Asked for while a call was under way, which may have looked too early. */
  #again = false;
  #stopped = false;

  /**
   * Periods are in milliseconds.
   * @param call must not reject, and reports its own errors: a rejection is dropped, and the next call is made as usual
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

  /** A call begins after `soonMs`, or right after the one that is then under way. */
  soon(): void {
    if (this.#stopped) return;
    this.#soon ??= setTimeout(() => {
      this.#soon = undefined;
      this.#runNowOrNext();
    }, this.soonMs);
  }

  /** No call begins any more; one that is under way ends by itself. */
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
        // Unhandled, it would end the process; and the polling must go on.
      }
    } while (this.#again);
    this.#running = false;
  }
}
