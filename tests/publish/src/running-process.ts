import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { waitFor } from "@eval/protocol/testing";
import { deadlineMs } from "./deadline.js";

export interface ProcessOptions {
  cwd: string;
  /** Default: this process's. */
  env?: NodeJS.ProcessEnv;
}

/** A program and whatever it starts, in a process group of its own. */
export class RunningProcess {
  stdout = "";
  stderr = "";
  readonly #child: ChildProcess;
  readonly #closed: Promise<unknown>;

  constructor(
    private readonly command: readonly [string, ...string[]],
    { cwd, env = process.env }: ProcessOptions,
  ) {
    const [file, ...args] = command;
    this.#child = spawn(file, args, { cwd, env, detached: true, stdio: ["ignore", "pipe", "pipe"] });
    this.#child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.stdout += text;
    });
    this.#child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.stderr += text;
    });
    this.#closed = once(this.#child, "close");
    // It is told to whoever waits.
    this.#closed.catch(() => {});
  }

  /** The first match of the pattern in stderr. Rejects when it ends before, or after the deadline. */
  async seen(pattern: RegExp): Promise<RegExpExecArray> {
    const settled = () => pattern.exec(this.stderr) ?? (this.#over() ? "over" : undefined);
    const found = await waitFor(settled, { deadlineMs, what: `${pattern} of ${this}` }).catch(this.#withOutput);
    return found === "over" ? this.#withOutput(new Error(`${this} ended without ${pattern}`)) : found;
  }

  /** Resolves with the exit code; null if a signal ended it. Kills it after the deadline, and rejects. */
  async exit(): Promise<number | null> {
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(), deadlineMs);
    try {
      await Promise.race([this.#closed, once(late.signal, "abort")]);
      if (late.signal.aborted) throw new Error(`${this} has not ended after ${deadlineMs} ms`);
      return this.#child.exitCode;
    } catch (error) {
      this.signal("SIGKILL");
      return this.#withOutput(error);
    } finally {
      clearTimeout(timer);
    }
  }

  /** To the whole group, as a terminal or a service manager does it. */
  signal(signal: NodeJS.Signals): void {
    this.#kill(-1, signal);
  }

  /** To the one process that was started, as a program that knows nothing of npx and its shell does it. */
  signalAlone(signal: NodeJS.Signals): void {
    this.#kill(1, signal);
  }

  #kill(sign: 1 | -1, signal: NodeJS.Signals): void {
    if (this.#child.pid === undefined) return;
    try {
      process.kill(sign * this.#child.pid, signal);
    } catch {
      // There is nobody left.
    }
  }

  toString(): string {
    return this.command.join(" ");
  }

  #over(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null || this.#child.pid === undefined;
  }

  readonly #withOutput = (error: unknown): never => {
    const output = `--- stdout\n${this.stdout.slice(-4000)}\n--- stderr\n${this.stderr.slice(-4000)}`;
    throw new Error(`${error instanceof Error ? error.message : error}\n${output}`);
  };
}

/** Runs a program to its end. Rejects, with what it said, where that is not exit code 0. */
export async function run(
  file: string,
  args: readonly string[],
  options: ProcessOptions,
): Promise<{ stdout: string; stderr: string }> {
  const running = new RunningProcess([file, ...args], options);
  const code = await running.exit();
  const { stdout, stderr } = running;
  if (code === 0) return { stdout, stderr };
  throw new Error(`${running}: exit code ${code}\n--- stdout\n${stdout}\n--- stderr\n${stderr}`);
}
