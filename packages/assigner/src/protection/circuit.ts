/** What an attempt shows about its agent or its task. */
export type Evidence =
  /** It works. */
  | { kind: "good" }
  /** No evidence. */
  | { kind: "neutral" }
  /** It does not work. Failures with the same reason are identical. `text` describes them in the log. */
  | { kind: "bad"; reason: string; text: string };

export interface CircuitOptions {
  /** Number of identical failures in a row that open it; 0: never. */
  threshold: number;
  /** A failed probe this long after the opening is the last one, unless it is the first; milliseconds. */
  giveUpMs: number;
}

/** A change to report to the user. Times are in milliseconds. */
export type CircuitChange =
  | { to: "open"; text: string; failures: number; pauseMs: number; because: "failures" | "probe" | "relapse" }
  | { to: "closed"; afterMs: number }
  | { to: "given up"; text: string; afterMs: number; probes: number };

/** The first and the longest pause: the pause doubles after each failed probe. Milliseconds. */
const firstPauseMs = 5_000;
const longestPauseMs = 300_000;

/** On probation, this many identical failures in a row are enough. */
const relapse = 2;

/**
 * A single probe that is delayed for long, by an endpoint's `Retry-After`, is not enough to give up. With each relapse
 * the samples are more likely to be the cause: the number of probes doubles, up to the maximum.
 */
const leastProbes = 2;
const mostLeastProbes = 8;

/**
 * Stops sending to an agent or a task that keeps failing, instead of letting all its samples fail. (The pattern and its
 * names come from M. Nygard: "Release It!", 2007.)
 *
 *     closed --K identical failures in a row--> open --the pause is over--> half open: one attempt probes
 *        ^                                   ^                             |
 *        |                                   +-----it fails: twice the pause-+--it fails `giveUpMs` after the opening: given up
 *        +-----------any attempt succeeds-------------------------------------+
 *
 * Failures of attempts that were in flight when it opened are ignored. A probe without evidence counts as failed. After
 * it has closed, it is on probation: until K attempts have succeeded, two failures in a row for the reason that opened it
 * open it again; during probation, failures of samples that were put back before are ignored, because the sample may be
 * the cause. After it was given up, it stays open unless an attempt in flight succeeds.
 *
 * Pure; times are monotonic milliseconds.
 */
export class Circuit {
  #streak = 0;
  #reason = "";
  #text = "";
  /** Successes that are still needed to end the probation. */
  #probation = 0;
  #suspect = "";
  #relapses = 0;
  #pauseMs = firstPauseMs;
  #openedAt: number | undefined;
  #until = 0;
  #probe: string | undefined;
  #probes = 0;
  #givenUp: string | undefined;

  constructor(private readonly options: CircuitOptions) {}

  get isOpen(): boolean {
    return this.#openedAt !== undefined;
  }

  /** Why it was given up; undefined if it was not. */
  get givenUp(): string | undefined {
    return this.#givenUp;
  }

  /** When it will be half open; undefined if no pause is running. */
  get halfOpenAt(): number | undefined {
    return this.isOpen && this.#givenUp === undefined && this.#probe === undefined ? this.#until : undefined;
  }

  /** How many attempts may be started. */
  room(now: number): number {
    if (!this.isOpen) return Number.POSITIVE_INFINITY;
    return this.#givenUp !== undefined || this.#probe !== undefined || now < this.#until ? 0 : 1;
  }

  started(attempt: string): void {
    if (this.isOpen) this.#probe ??= attempt;
  }

  /** An attempt did not take place: if it was the probe, another attempt may probe. */
  released(attempt: string): void {
    if (this.#probe === attempt) this.#probe = undefined;
  }

  /** @param again whether the sample was put back before: see probation */
  ended(attempt: string, evidence: Evidence, now: number, again = false): CircuitChange | undefined {
    const wasProbe = this.#probe === attempt;
    this.released(attempt);
    if (evidence.kind === "good") return this.#good(now);
    if (this.isOpen) return wasProbe ? this.#probeFailed(evidence, now) : undefined;
    if (evidence.kind === "neutral" || (again && this.#probation > 0)) return undefined;
    this.#streak = this.#reason === evidence.reason ? this.#streak + 1 : 1;
    this.#reason = evidence.reason;
    this.#text = evidence.text;
    const isRelapse = this.#probation > 0 && evidence.reason === this.#suspect;
    const { threshold } = this.options;
    if (threshold === 0 || this.#streak < (isRelapse ? Math.min(relapse, threshold) : threshold)) return undefined;
    this.#openedAt = now;
    this.#probes = 0;
    this.#relapses = isRelapse ? this.#relapses + 1 : 0;
    return this.#pause(now, isRelapse ? "relapse" : "failures");
  }

  #good(now: number): CircuitChange | undefined {
    this.#streak = 0;
    if (this.#openedAt === undefined) {
      if (this.#probation > 0) this.#probation -= 1;
      return undefined;
    }
    const afterMs = now - this.#openedAt;
    this.#openedAt = undefined;
    this.#givenUp = undefined;
    this.#probe = undefined;
    this.#pauseMs = firstPauseMs;
    this.#suspect = this.#reason;
    this.#probation = this.options.threshold;
    return { to: "closed", afterMs };
  }

  #probeFailed(evidence: Evidence, now: number): CircuitChange {
    this.#probes += 1;
    if (evidence.kind === "bad") this.#text = evidence.text;
    const afterMs = now - (this.#openedAt as number);
    if (afterMs < this.options.giveUpMs || this.#probes < this.#leastProbes) return this.#pause(now, "probe");
    this.#givenUp = this.#text;
    return { to: "given up", text: this.#text, afterMs, probes: this.#probes };
  }

  get #leastProbes(): number {
    return Math.min(mostLeastProbes, leastProbes * 2 ** this.#relapses);
  }

  /** A pause never delays the last probe beyond its due time, and leaves time for one probe before it. */
  #pause(now: number, because: "failures" | "probe" | "relapse"): CircuitChange {
    const { giveUpMs } = this.options;
    const left = (this.#openedAt as number) + giveUpMs - now;
    const pauseMs = Math.min(this.#pauseMs, left > 0 && because === "probe" ? left : giveUpMs / leastProbes);
    this.#until = now + pauseMs;
    this.#pauseMs = Math.min(longestPauseMs, 2 * this.#pauseMs);
    return { to: "open", text: this.#text, failures: this.#streak, pauseMs, because };
  }
}
