/** A slot is given up after this many failed starts in a row. */
const maxFailedStarts = 5;

/** A slot is given up after this many runners in a row that ended before they were useful. */
const maxFruitless = 10;

const firstDelayMs = 100;

/** Decides when to replace a slot's runner that ended unexpectedly. Pure. */
export class ReplacementPolicy {
  #failedStarts = 0;
  #fruitless = 0;

  /** The runner did useful work: earlier failures no longer count. */
  proved(): void {
    this.#failedStarts = 0;
    this.#fruitless = 0;
  }

  /** Milliseconds until the next start: 100, doubling up to 25,600. Undefined if the slot is given up. */
  next(wasReady: boolean): number | undefined {
    this.#failedStarts = wasReady ? 0 : this.#failedStarts + 1;
    this.#fruitless += 1;
    if (this.#failedStarts >= maxFailedStarts || this.#fruitless >= maxFruitless) return undefined;
    return firstDelayMs * 2 ** (this.#fruitless - 1);
  }
}
