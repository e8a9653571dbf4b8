/** A clock that a test moves; milliseconds. */
export class FakeClock {
  #time: number;

  constructor(start = 0) {
    this.#time = start;
  }

  readonly now = (): number => this.#time;

  advance(ms: number): void {
    this.#time += ms;
  }
}
