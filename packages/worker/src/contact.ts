/** When a worker last heard of its controller, in monotonic milliseconds. */
export class Contact {
  #last: number;

  constructor(private readonly now: () => number) {
    this.#last = now();
  }

  touch(): void {
    this.#last = this.now();
  }

  /** Milliseconds since the last sign of life. */
  silence(): number {
    return this.now() - this.#last;
  }
}
