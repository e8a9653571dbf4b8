/** So many runners of a slot that could not be made, one after the other, and the slot is given up. */
const maxFailedStarts = 5;

/** So many that ended without having been of use. */
const maxFruitless = 10;

const firstDelayMs = 100;

/** When a slot's runner that ended unasked is replaced. Pure. */
export class ReplacementPolicy {
  #failedStarts = 0;
  #fruitless = 0;

  /** The runner was of use: what comes after it has nothing to do with what was before. */
  proved(): void {
    this.#failedStarts = 0;
    this.#fruitless = 0;
  }

  /** Milliseconds until the next one is started: 100, doubling up to 25,600. Undefined: there is no point in it. */
  next(wasReady: boolean): number | undefined {
    this.#failedStarts = wasReady ? 0 : this.#failedStarts + 1;
    this.#fruitless += 1;
    if (this.#failedStarts >= maxFailedStarts || this.#fruitless >= maxFruitless) return undefined;
    return firstDelayMs * 2 ** (this.#fruitless - 1);
  }
}
