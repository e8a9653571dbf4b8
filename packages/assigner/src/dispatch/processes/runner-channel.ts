import type { Logger, LogLevel } from "@eval/protocol/logger";
import type { FromRunner, ToRunner, WireError } from "./wire-message.js";

interface Waiting {
  resolve: (value: unknown) => void;
  reject: (error: Error) => void;
}

/** The runner's end of the channel to its center: requests, matched to replies by id, and log lines. */
export class RunnerChannel {
  readonly #waiting = new Map<number, Waiting>();
  #sequence = 0;

  constructor(readonly send: (message: FromRunner) => void) {}

  readonly request = (message: unknown): Promise<unknown> => {
    const id = this.#sequence++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.send({ type: "request", id, message });
    });
  };

  settle(message: Extract<ToRunner, { type: "reply" | "refusal" }>): void {
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if (message.type === "reply") waiting?.resolve(message.value);
    else waiting?.reject(errorOf(message.error));
  }

  /** Rejects all pending and later requests. */
  close(why: string): void {
    for (const { reject } of this.#waiting.values()) reject(new Error(why));
    this.#waiting.clear();
  }

  /** A logger whose lines the main process writes. */
  logger(always: Record<string, unknown> = {}): Logger {
    const at = (level: LogLevel) => (message: string, fields?: object) => {
      this.#log(level, message, { ...always, ...fields });
    };
    const child = (fields: object) => this.logger({ ...always, ...fields });
    return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error"), child };
  }

  #log(level: LogLevel, message: string, fields: Record<string, unknown>): void {
    try {
      this.send({ type: "log", level, message, fields });
    } catch {
      // Some fields cannot be sent, for example functions.
      this.send({ type: "log", level, message, fields: {} });
    }
  }
}

/** Has the shape of CodedError, without loading the error table. */
function errorOf({ code, message }: WireError): Error {
  return Object.assign(new Error(message), code === undefined ? {} : { name: "CodedError", code });
}
