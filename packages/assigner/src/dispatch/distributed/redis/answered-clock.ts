/**
 * Time in which a Redis answered, in milliseconds: it stands still while the Redis is away. Whoever judges the silence
 * of another by what Redis holds measures it here, because nobody can give a sign of life to a Redis that is away. Pure.
 */
export class AnsweredClock {
  #answered = 0;
  #returnedAt = 0;
  #last: number;
  #isInterrupted = false;

  /**
   * @param source monotonic milliseconds
   * @param gapMs a longer time between two answers is an outage
   */
  constructor(
    private readonly source: () => number,
    private readonly gapMs: number,
  ) {
    this.#last = source();
  }

  /** The Redis has answered, and refused nothing. */
  answered(): void {
    const time = this.source();
    if (this.#isOutage(time)) this.#returnedAt = this.#answered;
    else this.#answered += time - this.#last;
    this.#last = time;
    this.#isInterrupted = false;
  }

  /** The connection broke: what follows until the next answer is an outage, however short it is. */
  interrupted(): void {
    this.#isInterrupted = true;
  }

  now(): number {
    return this.#answered;
  }

  /** How long the Redis has answered without an outage; 0 during one. */
  get steadyMs(): number {
    return this.#isOutage(this.source()) ? 0 : this.#answered - this.#returnedAt;
  }

  #isOutage(time: number): boolean {
    return this.#isInterrupted || time - this.#last > this.gapMs;
  }
}
