/** The time of a worker's last contact with its controller. */
export class Contact {
  #last: number;

  /** @param now lived milliseconds: a suspended process must not conclude that its peers were silent */
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
