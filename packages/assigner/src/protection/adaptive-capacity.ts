import type { Overload } from "../attempt/overload.js";

/** How a capacity was reduced. */
export interface Shrinking {
  from: number;
  to: number;
  /** How long no new samples are started, in milliseconds. */
  pauseMs: number;
}

/** Upper limit for a pause that an endpoint requests, in milliseconds. */
const longestPauseMs = 300_000;

/** Minimum time between two increases, in milliseconds. */
const growEveryMs = 1_000;

/**
 * How many samples an agent may have in flight: the configured number, reduced when its endpoint refuses requests.
 * Additive increase, multiplicative decrease: halved by an overload, never below 1, and increased by one for each `limit`
 * successful samples, at most once a second. This finds a fair share of an unknown limit: D.-M. Chiu and R. Jain,
 * "Analysis of the Increase and Decrease Algorithms for Congestion Avoidance in Computer Networks", 1989; V. Jacobson,
 * "Congestion Avoidance and Control", 1988.
 *
 * One burst counts once, like one round trip in these papers: after a decrease, refusals are ignored if their requests
 * were sent before the samples in flight had drained to the new capacity.
 *
 * Pure; times are monotonic milliseconds.
 */
export class AdaptiveCapacity {
  #limit: number;
  /** Successful samples since the last step. */
  #credit = 0;
  #steppedAt = Number.NEGATIVE_INFINITY;
  /** When the samples in flight first fit the present limit; infinite while they exceed it. */
  #settledAt = Number.NEGATIVE_INFINITY;
  #pausedUntil = Number.NEGATIVE_INFINITY;

  /** @param most at least 1 */
  constructor(private readonly most: number) {
    this.#limit = most;
  }

  get limit(): number {
    return this.#limit;
  }

  /** Until when no samples are started; a past time if there is no pause. */
  get pausedUntil(): number {
    return this.#pausedUntil;
  }

  /** How many more samples may be started; negative while more are in flight than allowed. */
  room(inFlight: number, now: number): number {
    this.#settle(inFlight, now);
    return now < this.#pausedUntil ? 0 : this.#limit - inFlight;
  }

  /** Undefined if the overload was already accounted for. */
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

  /** A sample succeeded without a refusal. Returns whether the limit has grown. */
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
