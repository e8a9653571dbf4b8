import { CodedError } from "@eval/protocol";

/** For some time after the start, unknown workers and sessions may still become known, because workers register again. */
export class RecoveryWindow {
  readonly #until: number;

  constructor(
    private readonly now: () => number,
    windowMs: number,
  ) {
    this.#until = now() + windowMs;
  }

  /** Throws RECOVERING (503), so that the client retries. */
  assertOver(what: string): void {
    if (this.now() >= this.#until) return;
    const message = `This controller has just started and does not know ${what} yet: retry later`;
    throw new CodedError("RECOVERING", message, { retryAfterS: 1 });
  }
}
