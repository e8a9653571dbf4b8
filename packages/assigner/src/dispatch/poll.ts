/** Calls something now, at every period, and sooner on request; never twice at once. */
export class Poll {
  #timer: NodeJS.Timeout | undefined;
  #soon: NodeJS.Timeout | undefined;
  #running = false;

  /** `call` must not reject. Periods are in milliseconds. */
  constructor(
    private readonly call: () => Promise<void>,
    private readonly everyMs: number,
    private readonly soonMs: number,
  ) {}

  start(): void {
    void this.#run();
    this.#timer = setInterval(() => void this.#run(), this.everyMs);
  }

  soon(): void {
    this.#soon ??= setTimeout(() => {
      this.#soon = undefined;
      void this.#run();
    }, this.soonMs);
  }

  stop(): void {
    clearInterval(this.#timer);
    clearTimeout(this.#soon);
  }

  async #run(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    await this.call();
    this.#running = false;
  }
}
