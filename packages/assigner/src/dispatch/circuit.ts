/** What an attempt says of one agent or one task. */
export type Verdict =
  /** It works. */
  | { kind: "good" }
  /** Nothing. */
  | { kind: "neutral" }
  /** It does not, for this reason: failures of one reason are alike. `text` says it in the log. */
  | { kind: "bad"; reason: string; text: string };

export interface CircuitOptions {
  /** So many failures alike in a row open it; 0: none do. */
  threshold: number;
  /** A try that fails so long after the circuit opened is the last one; milliseconds. */
  giveUpMs: number;
}

/** A change that the user should know of. Times are in milliseconds. */
export type CircuitChange =
  | { to: "open"; text: string; failures: number; pauseMs: number; again: boolean }
  | { to: "closed"; afterMs: number }
  | { to: "given up"; text: string; afterMs: number; tries: number };

/** The first pause, and the longest: each one that did not help is followed by one twice as long. Milliseconds. */
const firstPauseMs = 5_000;
const longestPauseMs = 300_000;

/**
 * Stops sending to an agent or a task that fails again and again, instead of burning all its samples. (The pattern and
 * its names are M. Nygard's: "Release It!", 2007.)
 *
 *     closed --K failures alike in a row--> open --the pause is over--> half open: one attempt tries
 *        ^                                   ^                             |
 *        |                                   +-----it fails: twice the pause-+--it fails `giveUpMs` after the opening: given up
 *        +-----------anything goes well---------------------------------------+
 *
 * What was in flight when it opened changes nothing by failing. After it has closed it is on probation: until K attempts
 * have gone well, one failure opens it again. Given up, it stays open, unless something in flight goes well.
 *
 * Pure; times are monotonic milliseconds.
 */
export class Circuit {
  #streak = 0;
  #reason = "";
  /** Attempts that have to go well yet. */
  #probation = 0;
  #pauseMs = firstPauseMs;
  #openedAt: number | undefined;
  #until = 0;
  #try: string | undefined;
  #tries = 0;
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
    return this.isOpen && this.#givenUp === undefined && this.#try === undefined ? this.#until : undefined;
  }

  /** How many attempts may be started. */
  room(now: number): number {
    if (!this.isOpen) return Number.POSITIVE_INFINITY;
    return this.#givenUp !== undefined || this.#try !== undefined || now < this.#until ? 0 : 1;
  }

  started(attempt: string): void {
    if (this.isOpen) this.#try ??= attempt;
  }

  /** An attempt ended without saying anything: where it was the try, another one may be made. */
  released(attempt: string): void {
    if (this.#try === attempt) this.#try = undefined;
  }

  ended(attempt: string, verdict: Verdict, now: number): CircuitChange | undefined {
    const wasTry = this.#try === attempt;
    this.released(attempt);
    if (verdict.kind === "good") return this.#good(now);
    if (verdict.kind === "neutral") return undefined;
    if (this.isOpen) return wasTry ? this.#triedInVain(verdict.text, now) : undefined;
    this.#streak = this.#reason === verdict.reason ? this.#streak + 1 : 1;
    this.#reason = verdict.reason;
    const { threshold } = this.options;
    if (threshold === 0 || (this.#streak < threshold && this.#probation === 0)) return undefined;
    this.#openedAt = now;
    this.#tries = 0;
    return this.#pause(verdict.text, now, false);
  }

  #good(now: number): CircuitChange | undefined {
    this.#streak = 0;
    if (this.#openedAt === undefined) {
      if (this.#probation > 0 && --this.#probation === 0) this.#pauseMs = firstPauseMs;
      return undefined;
    }
    const afterMs = now - this.#openedAt;
    this.#openedAt = undefined;
    this.#givenUp = undefined;
    this.#try = undefined;
    this.#probation = this.options.threshold;
    return { to: "closed", afterMs };
  }

  #triedInVain(text: string, now: number): CircuitChange {
    this.#tries += 1;
    const afterMs = now - (this.#openedAt as number);
    if (afterMs < this.options.giveUpMs) return this.#pause(text, now, true);
    this.#givenUp = text;
    return { to: "given up", text, afterMs, tries: this.#tries };
  }

  /** The last try of all is not put off past the moment in which it is due. */
  #pause(text: string, now: number, again: boolean): CircuitChange {
    const last = (this.#openedAt as number) + this.options.giveUpMs;
    const pauseMs = Math.max(0, Math.min(this.#pauseMs, last - now));
    this.#until = now + pauseMs;
    this.#pauseMs = Math.min(longestPauseMs, 2 * this.#pauseMs);
    return { to: "open", text, failures: this.#streak, pauseMs, again };
  }
}
