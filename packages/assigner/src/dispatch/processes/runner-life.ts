import { CodedError, isCodedError, messageOf } from "@eval/protocol";
import type { Logger } from "@eval/protocol/logger";
import type { ProcessAdapter, ProcessEvents } from "./process-adapter.js";
import type { FromRunner, WireError } from "./wire-message.js";

export interface RunnerLifeOptions {
  /** Of the runner, and of no other. */
  id: string;
  /** Where its class is. */
  module: string;
  export: string;
  /** What is sent to it. */
  param: unknown;
  fork: (events: ProcessEvents) => ProcessAdapter;
  onRequest: (runner: string, message: unknown) => Promise<unknown>;
  logger: Logger;
  /** Milliseconds. */
  now: () => number;
  /** Silent for so long, it is killed; milliseconds. */
  deadlineMs: number;
}

/** How a runner's process ended. By then it is gone. */
export type LifeEnd =
  | { kind: "done" }
  /** It said so itself: it could not be made, or its run threw. */
  | { kind: "failed"; error: Error }
  /** It crashed, was killed, or fell silent. */
  | { kind: "lost"; error: CodedError };

/** How long a process that has said its last word may linger, in milliseconds. */
const lingerMs = 2_000;

/** One process of a runner, from its fork to its exit. */
export class RunnerLife {
  readonly id: string;
  /** False: it ended before. */
  readonly ready: Promise<boolean>;
  /** Never rejects. */
  readonly ended: Promise<LifeEnd>;
  readonly #process: ProcessAdapter;
  #lastHeard: number;
  #isReady: (ready: boolean) => void = () => {};
  /** What it said itself of its end, or why it was killed. */
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

  /** Asks it to end what it runs, and kills it where it has not after `deadlineMs`. */
  stop(reason: string, deadlineMs: number): void {
    if (this.#isGone) return;
    this.#process.send({ type: "stop", reason });
    this.#killAfter(deadlineMs);
  }

  kill(): void {
    this.#process.kill();
  }

  /** Looks whether it still lives; `now` is in lived milliseconds. */
  check(now: number): void {
    const { deadlineMs, logger } = this.options;
    if (this.#end !== undefined || now - this.#lastHeard <= deadlineMs) return;
    const why = `it did not answer for ${deadlineMs / 1000} s (does its code block the event loop?)`;
    this.#end = lost(why);
    logger.warn(`${why}: killing it`);
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
