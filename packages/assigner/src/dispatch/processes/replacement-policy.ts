/** So many runners of a slot that could not be made, one after the other, and the slot is given up. */
const maxFailedStarts = 5;

/** So many that ended without having been of use. */
const maxFruitless = 10;

const firstDelayMs = 100;
const maxDelayMs = 30_000;

/** When a slot's runner that ended unasked is replaced. Pure. */
export class ReplacementPolicy {
  #failedStarts = 0;
  #fruitless = 0;

  /** The runner was of use: what comes after it has nothing to do with what was before. */
  proved(): void {
    this.#failedStarts = 0;
    this.#fruitless = 0;
  }

  /** Milliseconds until the next one is started: 100, doubling up to 30,000. Undefined: there is no point in it. */
  next(wasReady: boolean): number | undefined {
    this.#failedStarts = wasReady ? 0 : this.#failedStarts + 1;
    this.#fruitless += 1;
    if (this.#failedStarts >= maxFailedStarts || this.#fruitless >= maxFruitless) return undefined;
    return Math.min(maxDelayMs, firstDelayMs * 2 ** (this.#fruitless - 1));
  }
}
