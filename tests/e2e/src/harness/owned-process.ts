import { type ChildProcess, spawn } from "node:child_process";
import { waitFor } from "@eval/protocol/testing";
import { deadlineMs } from "./deadline.js";

/** What a server's bin tells its parent once it listens. */
export interface Listening {
  port: number;
  address: string;
}

export interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
}

export interface OwnedProcessOptions {
  cwd: string;
  env: NodeJS.ProcessEnv;
  /** True: it has started others, and is given the time to end them. */
  isOwner: boolean;
}

/** How long the last output of a program may take after its end, in milliseconds. */
const outputGraceMs = 2_000;

/** A program as a user runs it, with all that it says. Whoever starts one has it end. */
export class OwnedProcess {
  readonly #child: ChildProcess;
  readonly #name: string;
  readonly #isOwner: boolean;
  #listening: Listening | undefined;
  #ended: Ended | undefined;
  stdout = "";
  stderr = "";

  constructor(file: string, args: readonly string[], { cwd, env, isOwner }: OwnedProcessOptions) {
    this.#isOwner = isOwner;
    this.#name = [file, ...args].join(" ");
    // The channel is what the servers announce themselves on.
    this.#child = spawn(file, args, { cwd, env, stdio: ["ignore", "pipe", "pipe", "ipc"] });
    this.#child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.stdout += text;
    });
    this.#child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.stderr += text;
    });
    this.#child.on("message", (message: { type?: unknown } & Listening) => {
      if (message.type === "eval:listening") this.#listening = { port: message.port, address: message.address };
    });
    this.#child.on("error", (error) => {
      this.stderr += `\ncould not be started: ${error.message}`;
      this.#ended ??= { code: null, signal: null };
    });
    // At `close` all of its output has come. Something that it left behind may hold its streams open for ever.
    const end = (code: number | null, signal: NodeJS.Signals | null) => {
      this.#ended ??= { code, signal };
    };
    this.#child.on("close", end);
    this.#child.on("exit", (code, signal) => setTimeout(end, outputGraceMs, code, signal).unref());
  }

  get pid(): number {
    return this.#child.pid ?? -1;
  }

  get ended(): Ended | undefined {
    return this.#ended;
  }

  /** All that is known of it, for messages. */
  get report(): string {
    const end = this.#ended === undefined ? "runs" : `ended with ${this.#ended.code ?? this.#ended.signal}`;
    return `${this.#name}: ${end}\n--- stdout\n${this.stdout}\n--- stderr\n${this.stderr}`;
  }

  /** Resolves when the program says that it listens. */
  async listening(): Promise<Listening> {
    await this.#until(() => this.#listening ?? this.#ended, "listening");
    if (this.#listening !== undefined) return this.#listening;
    throw new Error(`It ended before it listened: ${this.report}`);
  }

  /** The first match in what it has written, on stderr or stdout. */
  async wrote(pattern: RegExp): Promise<RegExpExecArray> {
    const match = () => pattern.exec(this.stderr) ?? pattern.exec(this.stdout);
    await this.#until(() => match() ?? this.#ended, String(pattern));
    const found = match();
    if (found !== null) return found;
    throw new Error(`It ended and never wrote ${pattern}: ${this.report}`);
  }

  /** Resolves when it has ended by itself (or by a signal sent before). `withinMs` is for what has to be quick. */
  ends(withinMs = deadlineMs): Promise<Ended> {
    return this.#until(() => this.#ended, "the end", withinMs);
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Ends it at once, as a crash or the kernel would. */
  async kill(): Promise<void> {
    this.signal("SIGKILL");
    await this.ends();
  }

  /** For the end of a test, whatever happened in it. */
  async destroy(): Promise<void> {
    if (this.#ended !== undefined) return;
    if (!this.#isOwner) return this.kill();
    this.signal("SIGTERM");
    await this.ends(30_000).catch(() => this.kill());
  }

  async #until<Value>(condition: () => Value, what: string, withinMs = deadlineMs): Promise<NonNullable<Value>> {
    try {
      return await waitFor(condition, { deadlineMs: withinMs, what });
    } catch (error) {
      throw new Error(`${(error as Error).message}\n${this.report}`);
    }
  }
}
