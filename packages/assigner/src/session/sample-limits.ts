import type { SampleLimits } from "../attempt/sample-limits.js";

/** An attempt took longer than it may: the reason that the agent's signal aborts with. */
export class SampleTimeoutError extends Error {
  override readonly name = "SampleTimeoutError";
  constructor(timeoutMs: number) {
    super(`the sample was not over after ${timeoutMs / 1000} s (its time limit)`);
  }
}

/** The agent has had all its turns: the reason that the agent's signal aborts with. */
export class TurnLimitError extends Error {
  override readonly name = "TurnLimitError";
  constructor(maxTurns: number) {
    super(`the sample was not over after ${turnsOf(maxTurns)} of the agent (its turn limit)`);
  }
}

/** In words. */
export function turnsOf(count: number): string {
  return count === 1 ? "1 turn" : `${count} turns`;
}

/** The longest time that a timer takes; 24 days. */
const longestTimerMs = 2 ** 31 - 1;

/**
 * The life of one attempt: its signal aborts when the run is stopped, when the time is up, and when the attempt is
 * ended for another reason. (Made by hand: `AbortSignal.any` on a signal that lives as long as a run piles up memory on
 * Node 20.)
 */
export class AttemptLife {
  readonly #end = new AbortController();
  readonly #run: AbortSignal;
  readonly #timer: NodeJS.Timeout | undefined;
  #timeout: SampleTimeoutError | undefined;
  #onTimeout: (error: SampleTimeoutError) => void = () => {};

  /** The clock starts now. */
  constructor(run: AbortSignal, { timeoutMs }: SampleLimits) {
    this.#run = run;
    run.addEventListener("abort", this.#stop);
    if (run.aborted) this.#stop();
    if (timeoutMs === undefined) return;
    this.#timer = setTimeout(
      () => this.#strike(new SampleTimeoutError(timeoutMs)),
      Math.min(timeoutMs, longestTimerMs),
    );
  }

  get signal(): AbortSignal {
    return this.#end.signal;
  }

  /** The time was up, before the run was stopped. */
  get timeout(): SampleTimeoutError | undefined {
    return this.#timeout;
  }

  /** What is waited for, but no longer than the time allows: whoever looks at no signal is left behind. */
  async inTime<T>(promise: Promise<T>): Promise<T> {
    // Where the time is up already, nobody else looks at it.
    promise.catch(() => {});
    if (this.#timer === undefined) return promise;
    if (this.#timeout) throw this.#timeout;
    const timeout = new Promise<never>((_, reject) => {
      this.#onTimeout = reject;
    });
    return Promise.race([promise, timeout]);
  }

  /** Ends what listens to the signal. */
  end(reason: Error): void {
    this.#end.abort(reason);
  }

  /** Nothing aborts any more. */
  close(): void {
    clearTimeout(this.#timer);
    this.#run.removeEventListener("abort", this.#stop);
  }

  readonly #stop = () => this.#end.abort(this.#run.reason);

  #strike(error: SampleTimeoutError): void {
    if (this.signal.aborted) return;
    this.#timeout = error;
    this.#end.abort(error);
    this.#onTimeout(error);
  }
}
