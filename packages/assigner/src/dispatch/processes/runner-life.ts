import { CodedError, isCodedError, messageOf } from "@eval/protocol";
import type { Logger } from "@eval/protocol/logger";
import type { ProcessAdapter, ProcessEvents } from "./process-adapter.js";
import type { FromRunner, WireError } from "./wire-message.js";

export interface RunnerLifeOptions {
  /** Unique to this process. */
  id: string;
  /** The URL of the module with the runner's class. */
  module: string;
  export: string;
  /** The shared parameter. */
  param: unknown;
  fork: (events: ProcessEvents) => ProcessAdapter;
  onRequest: (runner: string, message: unknown) => Promise<unknown>;
  logger: Logger;
  /** Milliseconds. */
  now: () => number;
  /** The process is killed after this long without a message; milliseconds. */
  deadlineMs: number;
}

/** How a runner's process ended. By then the process is gone. */
export type LifeEnd =
  | { kind: "done" }
  /** The runner reported it: its creation failed, or its run threw. */
  | { kind: "failed"; error: Error }
  /** The process crashed, was killed, or stopped responding. */
  | { kind: "lost"; error: CodedError };

/** How long a process may linger after its last message, in milliseconds. */
const lingerMs = 2_000;

/** One process of a runner, from its fork to its exit. */
export class RunnerLife {
  readonly id: string;
  /** Resolves with false if it ended before it was ready. */
  readonly ready: Promise<boolean>;
  /** Never rejects. */
  readonly ended: Promise<LifeEnd>;
  readonly #process: ProcessAdapter;
  #lastHeard: number;
  #isReady: (ready: boolean) => void = () => {};
  /** The end that the process reported, or why it was killed. */
  #end: LifeEnd | undefined;
  #overdue: NodeJS.Timeout | undefined;
  #isGone = false;

  constructor(private readonly options: RunnerLifeOptions) {
    const { id, module, param, fork, logger, now, deadlineMs } = options;
    this.id = id;
    this.#lastHeard = now();
    this.ready = new Promise((resolve) => {
      this.#isReady = resolve;
    });
    const onLine = (line: string) => logger.info(line);
    this.#process = fork({ onLine, onMessage: (message) => this.#hear(message) });
    const made = { module, export: options.export, id, param };
    this.#process.send({ type: "build", ...made, beatMs: deadlineMs / 10, parent: process.pid });
    this.ended = this.#process.exited.then((how) => this.#buried(how));
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  run(): void {
    this.#process.send({ type: "run" });
  }

  /** Asks the runner to end its attempts, and kills the process if it has not exited after `deadlineMs`. */
  stop(reason: string, deadlineMs: number): void {
    if (this.#isGone) return;
    this.#process.send({ type: "stop", reason });
    this.#killAfter(deadlineMs);
  }

  kill(): void {
    this.#process.kill();
  }

  /** Kills the process if it has been silent for too long; `now` is in lived milliseconds. */
  check(now: number): void {
    const { deadlineMs, logger } = this.options;
    if (this.#end !== undefined || now - this.#lastHeard <= deadlineMs) return;
    const why = `it did not respond for ${deadlineMs / 1000} s (does its code block the event loop?)`;
    this.#end = lost(why);
    logger.warn(`${why}: killing the process`);
    this.kill();
  }

  #hear(message: FromRunner): void {
    this.#lastHeard = this.options.now();
    switch (message.type) {
      case "ready":
        this.#isReady(true);
        break;
      case "request":
        void this.#answer(message.id, message.message);
        break;
      case "log":
        this.options.logger[message.level](message.message, message.fields);
        break;
      case "done":
        this.#leave({ kind: "done" });
        break;
      case "failed":
        this.#leave({ kind: "failed", error: errorOf(message.error) });
    }
  }

  async #answer(id: number, message: unknown): Promise<void> {
    try {
      const value = await this.options.onRequest(this.id, message);
      this.#process.send({ type: "reply", id, value });
    } catch (error) {
      const code = isCodedError(error) ? error.code : undefined;
      this.#process.send({ type: "refusal", id, error: { code, message: messageOf(error) } });
    }
  }

  #leave(end: LifeEnd): void {
    this.#end ??= end;
    this.#killAfter(lingerMs);
  }

  #killAfter(deadlineMs: number): void {
    clearTimeout(this.#overdue);
    this.#overdue = setTimeout(() => this.kill(), deadlineMs);
  }

  #buried(how: string): LifeEnd {
    clearTimeout(this.#overdue);
    this.#isGone = true;
    this.#isReady(false);
    return this.#end ?? lost(`it ended with ${how}`);
  }
}

function lost(why: string): LifeEnd {
  return { kind: "lost", error: new CodedError("START_FAILED", why) };
}

function errorOf({ code, message }: WireError): Error {
  return code === undefined ? new Error(message) : new CodedError(code, message);
}
