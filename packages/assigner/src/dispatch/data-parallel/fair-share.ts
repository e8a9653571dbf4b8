import type { Grant } from "../../attempt/attempt.js";

interface Sharer {
  readonly inFlight: Set<string>;
  hasAsked: boolean;
  /** Set while the runner is waiting for attempts. */
  answer: ((grants: Grant[] | undefined) => void) | undefined;
}

/**
 * Shares attempts among runners: each goes to the runner with the fewest in flight, and no runner gets more than its share
 * of the capacity, so that the first one to ask does not take everything. No I/O, no time.
 */
export class FairShare {
  readonly #sharers = new Map<string, Sharer>();
  #waiting: (() => void)[] = [];
  #closed = false;

  /** @param capacity maximum number of attempts in flight */
  constructor(private readonly capacity: number) {}

  join(runner: string): void {
    this.#sharers.set(runner, { inFlight: new Set(), hasAsked: false, answer: undefined });
  }

  /** Removes a runner; its share goes to the others. Returns its attempts in flight. */
  leave(runner: string): string[] {
    const sharer = this.#sharers.get(runner);
    if (sharer === undefined) return [];
    this.#sharers.delete(runner);
    sharer.answer?.(undefined);
    this.#changed();
    return [...sharer.inFlight];
  }

  /** Resolves with attempts for the runner, as soon as it gets some. Undefined if there will be none. */
  ask(runner: string): Promise<Grant[] | undefined> {
    const sharer = this.#sharers.get(runner);
    if (sharer === undefined || this.#closed) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      sharer.hasAsked = true;
      sharer.answer = resolve;
      this.#changed();
    });
  }

  /** Returns false if the runner has no such attempt. */
  ended(runner: string, attempt: string): boolean {
    const hadIt = this.#sharers.get(runner)?.inFlight.delete(attempt) ?? false;
    if (hadIt) this.#changed();
    return hadIt;
  }

  /** Resolves when every runner has asked once, because only then can the first attempts be shared evenly. */
  async allAsked(): Promise<void> {
    while (!this.#closed && [...this.#sharers.values()].some(({ hasAsked }) => !hasAsked)) await this.#change();
  }

  /** Resolves with the number of attempts that the waiting runners may get, once it is positive. 0 if closed. */
  async room(): Promise<number> {
    for (;;) {
      const room = this.#waiters().reduce((sum, sharer) => sum + Math.max(0, this.#part - sharer.inFlight.size), 0);
      if (this.#closed || room > 0) return this.#closed ? 0 : room;
      await this.#change();
    }
  }

  /** Gives attempts to the waiting runners. Returns the attempts that no runner could take. */
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

  /** Resolves all waiting runners with undefined. */
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
