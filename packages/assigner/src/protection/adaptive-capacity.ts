import type { Overload } from "../attempt/overload.js";

/** How a capacity was taken back. */
export interface Shrinking {
  from: number;
  to: number;
  /** Milliseconds for which nothing new is started. */
  pauseMs: number;
}

/** An endpoint that asks for hours is asked again all the same, after so many milliseconds. */
const longestPauseMs = 300_000;

/** Between two steps up, at least; milliseconds. */
const growEveryMs = 1_000;

/**
 * How many samples an agent may have in flight: the configured number, less what its endpoint has refused. Additive
 * increase, multiplicative decrease: halved by an overload, never below 1, and one more for each `limit` samples that
 * went well, at most one a second. This finds a fair share of a limit that nobody knows: D.-M. Chiu and R. Jain, "Analysis
 * of the Increase and Decrease Algorithms for Congestion Avoidance in Computer Networks", 1989; V. Jacobson, "Congestion
 * Avoidance and Control", 1988.
 *
 * One burst counts once, as one round trip does there: after a decrease, refusals of requests that were sent before
 * what is in flight had drained to the new capacity say nothing of it.
 *
 * Pure; times are monotonic milliseconds.
 */
export class AdaptiveCapacity {
  #limit: number;
  /** Samples that went well since the last step. */
  #credit = 0;
  #steppedAt = Number.NEGATIVE_INFINITY;
  /** Since when the present limit has been kept; infinite while more than that is in flight. */
  #settledAt = Number.NEGATIVE_INFINITY;
  #pausedUntil = Number.NEGATIVE_INFINITY;

  /** @param most at least 1 */
  constructor(private readonly most: number) {
    this.#limit = most;
  }

  get limit(): number {
    return this.#limit;
  }

  /** Until when nothing is started; in the past where something may be. */
  get pausedUntil(): number {
    return this.#pausedUntil;
  }

  /** How many more may be started; negative while more is in flight than should be. */
  room(inFlight: number, now: number): number {
    this.#settle(inFlight, now);
    return now < this.#pausedUntil ? 0 : this.#limit - inFlight;
  }

  /** Undefined: it was known already. */
  overloaded({ sentAgoMs, retryAfterMs = 0 }: Overload, inFlight: number, now: number): Shrinking | undefined {
    this.#settle(inFlight, now);
    const pauseMs = Math.min(Math.max(0, retryAfterMs), longestPauseMs);
    this.#pausedUntil = Math.max(this.#pausedUntil, now + pauseMs);
    if (now - sentAgoMs <= this.#settledAt) return undefined;
    const from = this.#limit;
    this.#limit = Math.max(1, Math.floor(from / 2));
    this.#credit = 0;
    this.#steppedAt = now;
    this.#settledAt = inFlight > this.#limit ? Number.POSITIVE_INFINITY : now;
    return { from, to: this.#limit, pauseMs };
  }

  /** A sample went well, without a refusal. True: the limit has grown. */
  succeeded(inFlight: number, now: number): boolean {
    this.#settle(inFlight, now);
    if (this.#limit >= this.most || this.#settledAt === Number.POSITIVE_INFINITY) return false;
    this.#credit += 1;
    if (this.#credit < this.#limit || now - this.#steppedAt < growEveryMs) return false;
    this.#credit = 0;
    this.#steppedAt = now;
    this.#limit += 1;
    return true;
  }

  #settle(inFlight: number, now: number): void {
    if (this.#settledAt === Number.POSITIVE_INFINITY && inFlight <= this.#limit) this.#settledAt = now;
  }
}
