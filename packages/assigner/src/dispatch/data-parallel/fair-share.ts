import type { Grant } from "../../attempt/attempt.js";

interface Sharer {
  readonly inFlight: Set<string>;
  hasAsked: boolean;
  /** Set while it wants attempts: its credit. */
  answer: ((grants: Grant[] | undefined) => void) | undefined;
}

/**
 * Shares attempts out among runners: each goes to the one with the fewest in flight, and none has more than its part of
 * the capacity, so that whoever asks first does not take all. No I/O, no time.
 */
export class FairShare {
  readonly #sharers = new Map<string, Sharer>();
  #waiting: (() => void)[] = [];
  #closed = false;

  /** @param capacity the most attempts that can be in flight at once */
  constructor(private readonly capacity: number) {}

  join(runner: string): void {
    this.#sharers.set(runner, { inFlight: new Set(), hasAsked: false, answer: undefined });
  }

  /** Its part goes to the others. Returns the attempts that it had in flight. */
  leave(runner: string): string[] {
    const sharer = this.#sharers.get(runner);
    if (sharer === undefined) return [];
    this.#sharers.delete(runner);
    sharer.answer?.(undefined);
    this.#changed();
    return [...sharer.inFlight];
  }

  /** Resolves with attempts for the runner as soon as it gets some. Undefined: there will be none. */
  ask(runner: string): Promise<Grant[] | undefined> {
    const sharer = this.#sharers.get(runner);
    if (sharer === undefined || this.#closed) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      sharer.hasAsked = true;
      sharer.answer = resolve;
      this.#changed();
    });
  }

  /** False: the runner has no such attempt. */
  ended(runner: string, attempt: string): boolean {
    const hadIt = this.#sharers.get(runner)?.inFlight.delete(attempt) ?? false;
    if (hadIt) this.#changed();
    return hadIt;
  }

  /** Resolves when every runner has asked once: only then the first attempts can be shared evenly. */
  async allAsked(): Promise<void> {
    while (!this.#closed && [...this.#sharers.values()].some(({ hasAsked }) => !hasAsked)) await this.#change();
  }

  /** Resolves with how many attempts those that wait may have, once that is any. 0: it is closed. */
  async room(): Promise<number> {
    for (;;) {
      const room = this.#waiters().reduce((sum, sharer) => sum + Math.max(0, this.#part - sharer.inFlight.size), 0);
      if (this.#closed || room > 0) return this.#closed ? 0 : room;
      await this.#change();
    }
  }

  /** Gives attempts to those that wait. Returns those that nobody could take. */
  give(grants: readonly Grant[]): Grant[] {
    const waiters = this.#waiters();
    if (waiters.length === 0) return [...grants];
    const batches = new Map<Sharer, Grant[]>();
    for (const grant of grants) {
      const least = waiters.reduce((best, sharer) => (sharer.inFlight.size < best.inFlight.size ? sharer : best));
      least.inFlight.add(grant.attempt);
      batches.set(least, [...(batches.get(least) ?? []), grant]);
    }
    for (const [sharer, batch] of batches) {
      const { answer } = sharer;
      sharer.answer = undefined;
      answer?.(batch);
    }
    return [];
  }

  /** There is nothing more for anybody. */
  close(): void {
    this.#closed = true;
    for (const sharer of this.#waiters()) sharer.answer?.(undefined);
    this.#changed();
  }

  get #part(): number {
    return Math.max(1, Math.ceil(this.capacity / this.#sharers.size));
  }

  #waiters(): Sharer[] {
    return [...this.#sharers.values()].filter(({ answer }) => answer !== undefined);
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #changed(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
