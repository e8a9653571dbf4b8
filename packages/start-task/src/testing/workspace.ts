import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";

/** The packages next to this one: their bins are run, never imported. */
export const packagesFolder = resolve(import.meta.dirname, "../../..");

/** A task of the plainest kind; parameters make it misbehave. */
const echoModule = `
import { spawn } from "node:child_process";
export class Echo {
  constructor({ parameters }) {
    this.name = parameters.name;
    this.concurrency = parameters.concurrency ?? 2;
    this.parameters = parameters;
  }
  async getIndices() {
    if (this.parameters.say) console.log(this.parameters.say);
    if (this.parameters.exit !== undefined) process.exit(this.parameters.exit);
    if (this.parameters.child) spawn("sleep", ["1000"], { stdio: "inherit" });
    if (this.parameters.stuck) setTimeout(() => { for (;;); }, 500);
    return [0, 1, 2];
  }
  async startSample(index, session) {
    await session.action({ role: "user", content: "hello" });
    return { status: "completed", result: {} };
  }
  async calculateOverall() { return {}; }
}
`;

/** A folder to start from, with the real worker and controller installed in it. Remove it at the end. */
export class Workspace {
  readonly dir = realpathSync(mkdtempSync(join(tmpdir(), "start-task-")));

  constructor(options: { installed?: boolean } = {}) {
    this.write("echo.mjs", echoModule);
    if (options.installed === false) return;
    mkdirSync(join(this.dir, "node_modules/@eval"), { recursive: true });
    for (const name of ["worker", "controller"]) {
      symlinkSync(join(packagesFolder, name), join(this.dir, "node_modules/@eval", name), "dir");
    }
  }

  write(path: string, text: string): string {
    const file = join(this.dir, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    return file;
  }

  /** configs/start_task.yaml with one echo task for each set of parameters. */
  config(tasks: Record<string, Record<string, unknown>>, rest: Record<string, unknown> = {}): string {
    const definition = Object.entries(tasks).map(([name, { docker, ...parameters }]) => [
      name,
      { module: "../echo.mjs#Echo", parameters, ...(docker !== undefined && { docker }) },
    ]);
    return this.write(
      "configs/start_task.yaml",
      JSON.stringify({ definition: Object.fromEntries(definition), ...rest }),
    );
  }

  /** A program for PATH; the text is JavaScript. Returns its folder. */
  program(name: string, text: string): string {
    const file = this.write(`programs/${name}`, `#!${process.execPath}\n${text}`);
    chmodSync(file, 0o755);
    return dirname(file);
  }

  remove(): void {
    rmSync(this.dir, { recursive: true, force: true });
  }
}
