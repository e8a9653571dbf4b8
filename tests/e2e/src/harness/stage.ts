import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { markedProcesses, markName, waitFor } from "@eval/protocol/testing";
import { test as base } from "vitest";
import { OwnedProcess } from "./owned-process.js";
import { type BinName, binFile, repository } from "./repository.js";

export interface StartOptions {
  /** Default: the checkout. */
  cwd?: string;
  /** Added to this process's own, without what would steer the programs. */
  env?: NodeJS.ProcessEnv;
}

/** What one test works with: a folder and processes, all of which are gone when it is over. */
export class Stage {
  readonly folder = realpathSync(mkdtempSync(join(tmpdir(), "eval-e2e-")));
  readonly #mark = randomBytes(8).toString("hex");
  readonly #processes: OwnedProcess[] = [];
  #isClosed = false;

  /** True once its test is over: nothing is started on it any more. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  path(...segments: string[]): string {
    return join(this.folder, ...segments);
  }

  /** Writes a file, anything but a text as JSON (which is YAML as well); returns its absolute path. */
  write(path: string, content: unknown): string {
    const file = this.path(path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, typeof content === "string" ? content : JSON.stringify(content, undefined, 2));
    return file;
  }

  /** Starts one of the bins. */
  start(bin: BinName, args: readonly string[], options: StartOptions = {}): OwnedProcess {
    return this.run(process.execPath, [binFile(bin), ...args], { ...options, isOwner: bin === "start-task" });
  }

  /** Starts any program. */
  run(file: string, args: readonly string[], options: StartOptions & { isOwner?: boolean } = {}): OwnedProcess {
    const { cwd = repository, env, isOwner = false } = options;
    const marked = { ...inherited(), ...env, [markName]: this.#mark };
    const started = new OwnedProcess(file, args, { cwd, env: marked, isOwner });
    this.#processes.push(started);
    return started;
  }

  /** Processes of this stage that run, with all that they have started. */
  get running(): string[] {
    return markedProcesses(this.#mark).map(({ pid, command }) => `${pid} ${command}`);
  }

  get report(): string {
    return this.#processes.map(({ report }) => report).join("\n\n");
  }

  /** Ends everything, removes the folder, and rejects if a process was left that nobody owned. */
  async close(): Promise<void> {
    this.#isClosed = true;
    try {
      await Promise.all(this.#processes.map((owned) => owned.destroy()));
      await this.#nothingIsLeft();
    } finally {
      for (const { pid } of markedProcesses(this.#mark)) process.kill(pid, "SIGKILL");
      rmSync(this.folder, { recursive: true, force: true });
    }
  }

  async #nothingIsLeft(): Promise<void> {
    await waitFor(() => this.running.length === 0, { what: "no process to be left", deadlineMs: 60_000 }).catch(() => {
      throw new Error(`Left running:\n${this.running.join("\n")}\n\n${this.report}`);
    });
  }
}

/** Settings of whoever runs the tests must not steer the programs. */
function inherited(): NodeJS.ProcessEnv {
  const steering = /^(EVAL_(TOKEN|DEBUG|REDIS)|OPENAI_.*|AGENT_.*|NODE_OPTIONS|NODE_V8_COVERAGE)$/;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !steering.test(name)));
}

/** A test with a stage of its own. What its processes said is shown when it fails. */
export const test = base.extend<{ stage: Stage }>({
  stage: async ({ onTestFailed }, use) => {
    const stage = new Stage();
    onTestFailed(() => console.error(stage.report));
    await use(stage);
    await stage.close();
  },
});
