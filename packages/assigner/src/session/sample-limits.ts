import type { SampleLimits } from "../attempt/sample-limits.js";

/** An attempt exceeded its time limit: the abort reason of the agent's signal. */
export class SampleTimeoutError extends Error {
  override readonly name = "SampleTimeoutError";
  constructor(timeoutMs: number) {
    super(`the sample did not finish within ${timeoutMs / 1000} s (its time limit)`);
  }
}

/** The agent used all its turns: the abort reason of the agent's signal. */
export class TurnLimitError extends Error {
  override readonly name = "TurnLimitError";
  constructor(maxTurns: number) {
    super(`the sample did not finish within ${turnsOf(maxTurns)} of the agent (its turn limit)`);
  }
}

/** A number of turns as text. */
export function turnsOf(count: number): string {
  return count === 1 ? "1 turn" : `${count} turns`;
}

/** The longest delay of a timer; 24 days. */
const longestTimerMs = 2 ** 31 - 1;

/**
 * The life of one attempt: its signal aborts when the run is stopped, when the time is up, and when the attempt ends for
 * another reason. (Not implemented with `AbortSignal.any`, which leaks memory on Node 20 for a signal that lives as long
 * as a run.)
 */
export class AttemptLife {
  readonly #end = new AbortController();
  readonly #run: AbortSignal;
  readonly #timer: NodeJS.Timeout | undefined;
  #timeout: SampleTimeoutError | undefined;
  #onTimeout: (error: SampleTimeoutError) => void = () => {};

  /** Starts the clock. */
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

  /** Set if the time was up before the run was stopped. */
  get timeout(): SampleTimeoutError | undefined {
    return this.#timeout;
  }

  /** Waits for the promise, but no longer than the time limit: work that ignores its signal is abandoned. */
  async inTime<T>(promise: Promise<T>): Promise<T> {
    // If the time is already up, nothing else handles its rejection.
    promise.catch(() => {});
    if (this.#timer === undefined) return promise;
    if (this.#timeout) throw this.#timeout;
    const timeout = new Promise<never>((_, reject) => {
      this.#onTimeout = reject;
    });
    return Promise.race([promise, timeout]);
  }

  /** Aborts the signal. */
  end(reason: Error): void {
    this.#end.abort(reason);
  }

  /** Stops the timer and the listener: nothing aborts any more. */
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
