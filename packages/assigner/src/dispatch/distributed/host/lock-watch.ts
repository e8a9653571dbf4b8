import { Worker } from "node:worker_threads";

/** What the main thread tells the watching one. */
export const watchSlots = {
  /** Nanoseconds of `process.hrtime`, which all threads share; 0: there is nothing to watch. */
  deadline: 0,
  /** Grows as long as the main thread turns. */
  turns: 1,
} as const;

/**
 * Ends this process from a thread of its own when a deadline passes while the main thread is blocked: code that blocks it
 * keeps it from ending an attempt in time, and nothing else on that thread can. A main thread that turns ends the attempt
 * by itself, whatever the Redis does.
 */
export class LockWatch {
  readonly #told = new BigInt64Array(new SharedArrayBuffer(16));
  #thread: Worker | undefined;

  start(): void {
    const thread = new Worker(new URL("./lock-watch-thread.js", import.meta.url), {
      workerData: this.#told,
      execArgv: [],
    });
    // Without it the fence on the main thread is what there is.
    thread.on("error", () => {});
    thread.unref();
    this.#thread = thread;
  }

  /** In so many milliseconds from now; undefined: not at all. To be called several times a second. */
  moveDeadline(inMs: number | undefined): void {
    const at = inMs === undefined ? 0n : process.hrtime.bigint() + BigInt(Math.round(inMs * 1e6));
    Atomics.store(this.#told, watchSlots.deadline, at);
    Atomics.add(this.#told, watchSlots.turns, 1n);
  }

  stop(): void {
    this.moveDeadline(undefined);
    void this.#thread?.terminate();
  }
}
