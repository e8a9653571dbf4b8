import { Worker } from "node:worker_threads";
import type { EngineReply, EngineRequest } from "./engine-messages.js";

/**
 * The built file of the thread's script. Seen from `src/`, where tests run, and from `dist/` it is the same one: threads
 * run JavaScript alone.
 */
const script = new URL("../../../dist/dbbench/sqlite/engine/engine-thread.js", import.meta.url);

/** What a thread may need for replies and for itself; the engine's memory is bounded apart from it. */
const resourceLimits = { maxOldGenerationSizeMb: 128, maxYoungGenerationSizeMb: 16 };

/** The thread of an engine has ended, by itself or because it was terminated. */
export class EngineLost extends Error {
  override readonly name = "EngineLost";
}

interface Waiting {
  resolve(reply: EngineReply): void;
  reject(error: EngineLost): void;
}

/** The main thread's end of an engine thread: one request at a time. */
export class EngineLink {
  readonly #thread: Worker;
  readonly #exit: Promise<void>;
  #waiting: Waiting | undefined;
  #lost: EngineLost | undefined;

  constructor(module: WebAssembly.Module) {
    this.#thread = new Worker(script, { workerData: module, env: {}, execArgv: [], resourceLimits });
    this.#thread.on("message", (reply: EngineReply) => this.#settle((waiting) => waiting.resolve(reply)));
    this.#thread.on("error", (error) => this.#end(new EngineLost(error.message, { cause: error })));
    this.#exit = new Promise((resolve) => {
      this.#thread.once("exit", () => {
        this.#end(new EngineLost("its thread has ended"));
        resolve();
      });
    });
    this.#thread.unref();
  }

  /** True when the thread can no longer be asked. */
  get lost(): boolean {
    return this.#lost !== undefined;
  }

  /** Rejects with {@link EngineLost} when the thread ends before it has replied. */
  ask(request: EngineRequest): Promise<EngineReply> {
    if (this.#lost) return Promise.reject(this.#lost);
    // While it works the thread keeps the process alive, idle it does not.
    this.#thread.ref();
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#thread.postMessage(request);
    });
  }

  /** Ends the thread, whatever it does; resolves when it is gone. A request that waits is rejected at once. */
  async terminate(): Promise<void> {
    this.#end(new EngineLost("its thread was terminated"));
    void this.#thread.terminate();
    await this.#exit;
  }

  #end(error: EngineLost): void {
    this.#lost ??= error;
    this.#settle((waiting) => waiting.reject(error));
  }

  #settle(settle: (waiting: Waiting) => void): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    this.#thread.unref();
    if (waiting) settle(waiting);
  }
}
