import { randomBytes } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join, relative } from "node:path";
import { markedProcesses, markName, waitFor } from "@eval/protocol/testing";

import { deadlineMs } from "./deadline.js";
import { RunningProcess, run } from "./running-process.js";

/**
 * Where a stranger sits: a folder with nothing in it and a home with nothing in it but the registry's address, so that
 * nothing of the workspace, and no cache, is there to be found.
 */
export class EmptyFolder {
  readonly dir: string;
  readonly #root = realpathSync(mkdtempSync(join(tmpdir(), "eval-publish-")));
  readonly #mark = randomBytes(8).toString("hex");
  readonly #env: NodeJS.ProcessEnv;

  constructor(registry: string) {
    this.dir = join(this.#root, "folder");
    const home = join(this.#root, "home");
    for (const folder of [this.dir, home]) mkdirSync(folder);
    writeFileSync(join(home, ".npmrc"), `registry=${registry}\naudit=false\nfund=false\nupdate-notifier=false\n`);
    this.#env = { PATH: pathOutsideWorkspaces(), HOME: home, USERPROFILE: home, [markName]: this.#mark };
  }

  write(path: string, text: string): void {
    const file = join(this.dir, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }

  read(path: string): string {
    return readFileSync(join(this.dir, path), "utf8");
  }

  /** Names in a folder, sorted; none if there is no such folder. */
  list(path = "."): string[] {
    const folder = join(this.dir, path);
    return existsSync(folder) ? readdirSync(folder).sort() : [];
  }

  /** Paths of all files below a folder, relative to it. */
  listAll(path: string): string[] {
    const names = readdirSync(join(this.dir, path), { recursive: true, withFileTypes: true });
    const files = names.filter((entry) => !entry.isDirectory());
    return files.map((entry) => relative(join(this.dir, path), join(entry.parentPath, entry.name)));
  }

  /** Runs a program to its end; rejects if it fails. */
  run(file: string, args: readonly string[]): Promise<{ stdout: string; stderr: string }> {
    return run(file, args, { cwd: this.dir, env: this.#env });
  }

  /** Starts a program that goes on until it is stopped. */
  start(file: string, args: readonly string[]): RunningProcess {
    return new RunningProcess([file, ...args], { cwd: this.dir, env: this.#env });
  }

  /** Asks a program to end; what it started has to follow. Waits until nothing that was started here is left. */
  async stop(running: RunningProcess): Promise<void> {
    running.signalAlone("SIGTERM");
    await running.exit();
    const left = () => markedProcesses(this.#mark).map(({ command }) => command);
    const nothing = () => left().length === 0 || Promise.reject(new Error(left().join("\n")));
    await waitFor(nothing, { deadlineMs, what: `the end of all that ${running} started` });
  }

  /** For the end of a test, whatever happened in it. */
  remove(): void {
    for (const { pid } of markedProcesses(this.#mark)) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // It is gone already.
      }
    }
    rmSync(this.#root, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** pnpm and npx put their folders of commands on PATH, where the workspace's own bins would be found. */
function pathOutsideWorkspaces(): string {
  const folders = (process.env.PATH ?? "").split(delimiter);
  return folders.filter((folder) => !folder.includes("node_modules")).join(delimiter);
}
