import type { Overload } from "../attempt/overload.js";

/** Notes what an agent's endpoint refuses while one attempt runs, and tells of it at once and at the end. */
export class OverloadMeter {
  #count = 0;
  #sentAt = 0;
  #leftAloneUntil: number | undefined;

  /** @param onOverload told of each refusal */
  constructor(
    private readonly onOverload: (overload: Overload) => void = () => {},
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** A request that was sent at `sentAt` (monotonic milliseconds) was refused. */
  refused(sentAt: number, retryAfterMs: number | undefined): void {
    this.#count += 1;
    this.#sentAt = sentAt;
    if (retryAfterMs !== undefined) {
      this.#leftAloneUntil = Math.max(this.#leftAloneUntil ?? 0, this.now() + retryAfterMs);
    }
    this.onOverload(this.overload as Overload);
  }

  /** As it looks now; undefined: nothing was refused. */
  get overload(): Overload | undefined {
    if (this.#count === 0) return undefined;
    const now = this.now();
    const until = this.#leftAloneUntil;
    const retryAfterMs = until === undefined ? undefined : Math.max(0, until - now);
    return { count: this.#count, sentAgoMs: now - this.#sentAt, retryAfterMs };
  }
}
