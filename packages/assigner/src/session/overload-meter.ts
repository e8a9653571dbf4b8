import type { Overload } from "../attempt/overload.js";

/** Records the refusals of an agent's endpoint during one attempt, and reports them at once and at the end. */
export class OverloadMeter {
  #count = 0;
  #sentAt = 0;
  #leftAloneUntil: number | undefined;

  /** @param onOverload called for each refusal */
  constructor(
    private readonly onOverload: (overload: Overload) => void = () => {},
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Records that a request sent at `sentAt` (monotonic milliseconds) was refused. */
  refused(sentAt: number, retryAfterMs: number | undefined): void {
    this.#count += 1;
    this.#sentAt = sentAt;
    if (retryAfterMs !== undefined) {
      this.#leftAloneUntil = Math.max(this.#leftAloneUntil ?? 0, this.now() + retryAfterMs);
    }
    this.onOverload(this.overload as Overload);
  }

  /** The current state; undefined if nothing was refused. */
  get overload(): Overload | undefined {
    if (this.#count === 0) return undefined;
    const now = this.now();
    const until = this.#leftAloneUntil;
    const retryAfterMs = until === undefined ? undefined : Math.max(0, until - now);
    return { count: this.#count, sentAgoMs: now - this.#sentAt, retryAfterMs };
  }
}
