import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { resolve } from "node:path";
import { markedProcesses, markName } from "@eval/protocol/testing";
import { waitFor } from "./wait-for.js";

const bin = resolve(import.meta.dirname, "../../bin.js");

/** start-task as a user runs it. */
export class CliProcess {
  readonly child: ChildProcess;
  readonly mark = randomBytes(8).toString("hex");
  stdout = "";
  stderr = "";

  constructor(args: readonly string[], options: { cwd: string; env?: Record<string, string | undefined> }) {
    const { EVAL_TOKEN: _, ...env } = process.env;
    this.child = spawn(process.execPath, [bin, "--log-format", "pretty", "--log-level", "debug", ...args], {
      cwd: options.cwd,
      env: { ...env, ...options.env, [markName]: this.mark },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.stdout += text;
    });
    this.child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.stderr += text;
    });
  }

  get output(): string {
    return `--- stdout\n${this.stdout}\n--- stderr\n${this.stderr}`;
  }

  /** The first match in what it has written. */
  seen(pattern: RegExp, deadlineMs?: number): Promise<RegExpExecArray> {
    const ask = () => pattern.exec(this.output) ?? undefined;
    return waitFor(String(pattern), ask, () => this.output, deadlineMs);
  }

  /** Ids of what it has started under this name, oldest first. */
  pids(name: string): number[] {
    const lines = this.stderr.matchAll(new RegExp(`Started ${name}\\S* pid=(\\d+)`, "g"));
    return [...lines].map(([, pid]) => Number(pid));
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** Its exit code; null if a signal ended it. */
  async exit(deadlineMs?: number): Promise<number | null> {
    const { child } = this;
    await waitFor(
      "the exit",
      () => child.exitCode !== null || child.signalCode !== null,
      () => this.output,
      deadlineMs,
    );
    if (child.stdout?.readableEnded === false) await once(child.stdout, "end", { signal: AbortSignal.timeout(5_000) });
    return child.exitCode;
  }

  /** Processes that it has started and that still live, itself among them. */
  alive(): number[] {
    return markedProcesses(this.mark).map(({ pid }) => pid);
  }

  /** Waits until nothing is left. */
  async gone(deadlineMs?: number): Promise<void> {
    await waitFor(
      "the end of all processes",
      () => this.alive().length === 0,
      () => `${this.alive()} ${this.output}`,
      deadlineMs,
    );
  }

  /** For the end of a test, whatever happened in it. */
  destroy(): void {
    for (const pid of this.alive()) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // It is gone already.
      }
    }
  }
}
