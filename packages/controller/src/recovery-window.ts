import { CodedError } from "@eval/protocol";

/** For a while after the start, what is not known may still become known: workers come back and say what they run. */
export class RecoveryWindow {
  readonly #until: number;

  constructor(
    private readonly now: () => number,
    windowMs: number,
  ) {
    this.#until = now() + windowMs;
  }

  /** Throws RECOVERING (503): ask again. */
  assertOver(what: string): void {
    if (this.now() >= this.#until) return;
    const message = `This controller has just started and does not know ${what} yet: retry later`;
    throw new CodedError("RECOVERING", message, { retryAfterS: 1 });
  }
}
