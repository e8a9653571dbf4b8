import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { waitFor } from "@eval/protocol/testing";
import { onTestFinished } from "vitest";

const bin = resolve(import.meta.dirname, "../../bin.js");

/** The program as a user runs it. It ends with the test at the latest. */
export class BinProcess {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #closed: Promise<unknown[]>;
  stdout = "";
  stderr = "";

  constructor(args: readonly string[], options: { cwd: string; env?: Record<string, string> }) {
    const env = { ...process.env, ...options.env };
    this.#child = spawn(process.execPath, [bin, ...args], { cwd: options.cwd, env });
    this.#closed = once(this.#child, "close");
    for (const name of ["stdout", "stderr"] as const) {
      this.#child[name].setEncoding("utf8").on("data", (text: string) => {
        this[name] += text;
      });
    }
    this.#child.stdin.on("error", () => {});
    onTestFinished(async () => {
      this.#child.kill("SIGKILL");
      await this.#closed;
    });
  }

  /** Ends its input with `text`. */
  reads(text: string): this {
    this.#child.stdin.end(text);
    return this;
  }

  write(text: string): void {
    this.#child.stdin.write(text);
  }

  async wrote(pattern: RegExp): Promise<void> {
    await waitFor(() => pattern.test(this.stdout + this.stderr), { what: String(pattern) });
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async end(): Promise<{ code: number | null; stdout: string; stderr: string }> {
    await this.#closed;
    return { code: this.#child.exitCode, stdout: this.stdout, stderr: this.stderr };
  }
}

/** Creates a folder for the test with these files: anything but a string is written as JSON (which is valid YAML). */
export async function makeFolder(files: Record<string, unknown>): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "eval-assigner-")));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(files)) {
    const file = join(folder, name);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, typeof content === "string" ? content : JSON.stringify(content));
  }
  return folder;
}
