import { Worker } from "node:worker_threads";

/** Nanoseconds of `process.hrtime`, which all threads share; 0: there is nothing to watch. */
const none = 0n;

/**
 * Ends this process from a thread of its own when a deadline passes that nobody has moved: code that blocks the main
 * thread keeps it from ending an attempt in time, and nothing else on that thread can.
 */
export class LockWatch {
  readonly #deadline = new BigInt64Array(new SharedArrayBuffer(8));
  #thread: Worker | undefined;

  start(): void {
    const thread = new Worker(new URL("./lock-watch-thread.js", import.meta.url), {
      workerData: this.#deadline,
      execArgv: [],
    });
    // Without it the fence on the main thread is what there is.
    thread.on("error", () => {});
    thread.unref();
    this.#thread = thread;
  }

  /** In so many milliseconds from now; undefined: not at all. */
  moveDeadline(inMs: number | undefined): void {
    const at = inMs === undefined ? none : process.hrtime.bigint() + BigInt(Math.round(inMs * 1e6));
    Atomics.store(this.#deadline, 0, at);
  }

  stop(): void {
    this.moveDeadline(undefined);
    void this.#thread?.terminate();
  }
}
