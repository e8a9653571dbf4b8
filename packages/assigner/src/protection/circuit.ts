/** What an attempt says of one agent or one task. */
export type Evidence =
  /** It works. */
  | { kind: "good" }
  /** Nothing. */
  | { kind: "neutral" }
  /** It does not, for this reason: failures of one reason are alike. `text` says it in the log. */
  | { kind: "bad"; reason: string; text: string };

export interface CircuitOptions {
  /** So many failures alike in a row open it; 0: none do. */
  threshold: number;
  /** A try that fails so long after the circuit opened is the last one, unless it is the first; milliseconds. */
  giveUpMs: number;
}

/** A change that the user should know of. Times are in milliseconds. */
export type CircuitChange =
  | { to: "open"; text: string; failures: number; pauseMs: number; because: "failures" | "probe" | "relapse" }
  | { to: "closed"; afterMs: number }
  | { to: "given up"; text: string; afterMs: number; probes: number };

/** The first pause, and the longest: each one that did not help is followed by one twice as long. Milliseconds. */
const firstPauseMs = 5_000;
const longestPauseMs = 300_000;

/** On probation so many failures alike in a row are enough. */
const relapse = 2;

/**
 * One try that is put off for long, by an endpoint's `Retry-After`, is not all that something gets. With each relapse it
 * is more likely that the samples are to blame: twice as many probes, up to the most.
 */
const leastProbes = 2;
const mostLeastTries = 8;

/**
 * Stops sending to an agent or a task that fails again and again, instead of burning all its samples. (The pattern and
 * its names are M. Nygard's: "Release It!", 2007.)
 *
 *     closed --K failures alike in a row--> open --the pause is over--> half open: one attempt probes
 *        ^                                   ^                             |
 *        |                                   +-----it fails: twice the pause-+--it fails `giveUpMs` after the opening: given up
 *        +-----------anything goes well---------------------------------------+
 *
 * What was in flight when it opened changes nothing by failing. A try that says nothing is a try in vain: what works says
 * so. After it has closed it is on probation: until K attempts have gone well, two failures in a row of the reason that
 * opened it open it again; there, samples that were put back before speak against themselves alone. Given up, it stays
 * open, unless something in flight goes well.
 *
 * Pure; times are monotonic milliseconds.
 */
export class Circuit {
  #streak = 0;
  #reason = "";
  #text = "";
  /** Attempts that have to go well yet. */
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

  /** Why it was given up; undefined: it was not. */
  get givenUp(): string | undefined {
    return this.#givenUp;
  }

  /** When it will be half open; undefined where that is not a question of time. */
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

  /** An attempt did not take place: where it was the try, another one may be made. */
  released(attempt: string): void {
    if (this.#probe === attempt) this.#probe = undefined;
  }

  /** @param again whether the sample was put back before: see the probation */
  ended(attempt: string, evidence: Evidence, now: number, again = false): CircuitChange | undefined {
    const wasTry = this.#probe === attempt;
    this.released(attempt);
    if (evidence.kind === "good") return this.#good(now);
    if (this.isOpen) return wasTry ? this.#triedInVain(evidence, now) : undefined;
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

  #triedInVain(evidence: Evidence, now: number): CircuitChange {
    this.#probes += 1;
    if (evidence.kind === "bad") this.#text = evidence.text;
    const afterMs = now - (this.#openedAt as number);
    if (afterMs < this.options.giveUpMs || this.#probes < this.#leastProbes) return this.#pause(now, "probe");
    this.#givenUp = this.#text;
    return { to: "given up", text: this.#text, afterMs, probes: this.#probes };
  }

  get #leastProbes(): number {
    return Math.min(mostLeastTries, leastProbes * 2 ** this.#relapses);
  }

  /** The last try of all is not put off past the moment in which it is due, and there is time for one before it. */
  #pause(now: number, because: "failures" | "probe" | "relapse"): CircuitChange {
    const { giveUpMs } = this.options;
    const left = (this.#openedAt as number) + giveUpMs - now;
    const pauseMs = Math.min(this.#pauseMs, left > 0 && because === "probe" ? left : giveUpMs / leastProbes);
    this.#until = now + pauseMs;
    this.#pauseMs = Math.min(longestPauseMs, 2 * this.#pauseMs);
    return { to: "open", text: this.#text, failures: this.#streak, pauseMs, because };
  }
}
