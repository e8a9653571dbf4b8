import type { ChildProcess, spawn as nodeSpawn } from "node:child_process";
import { once } from "node:events";
import type { Writable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import type { ChildCommand } from "./child-command.js";
import { Descendants } from "./descendants.js";
import type { Guardian } from "./guardian.js";
import { withMark } from "./launch-mark.js";
import { prefixLines } from "./prefixed-lines.js";
import { killGroup } from "./process-tree.js";

export interface ChildExit {
  code: number | null;
  signal: string | null;
  /** Why it could not be started. */
  error?: Error;
}

/** The message that one of our bins sends when it listens. */
export interface Listening {
  port: number;
  address: string;
}

export interface ChildDependencies {
  spawn: typeof nodeSpawn;
  guardian: Guardian;
  stdout: Writable;
  stderr: Writable;
  prefix: () => string;
  onListening: (listening: Listening) => void;
}

/** One process that start-task manages, in its own process group, so that a terminal's Ctrl-C reaches only start-task. */
export class Child {
  /** Never rejects. When it resolves, nothing that the process has started is left and its output is written. */
  readonly exited: Promise<ChildExit>;
  readonly #process: ChildProcess;
  readonly #descendants: Descendants;

  constructor(
    private readonly command: ChildCommand,
    private readonly dependencies: ChildDependencies,
  ) {
    const { file, args, cwd, container } = command;
    const mark = dependencies.guardian.newMark();
    const env = withMark(command.env, mark);
    this.#descendants = new Descendants(mark);
    this.#process = dependencies.spawn(file, args, {
      ...{ env, cwd, detached: process.platform !== "win32", windowsHide: true },
      stdio: ["ignore", "pipe", "pipe", ...(container === undefined ? (["ipc"] as const) : [])],
    });
    if (this.pid !== undefined) {
      dependencies.guardian.own({ pid: this.pid, container });
      this.#descendants.add(this.pid);
      this.#descendants.watch();
    }
    this.#process.on("message", (message) => {
      if (isListening(message)) dependencies.onListening(message);
    });
    this.exited = this.#watch();
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** Requests the process to end, and kills it after `deadlineMs`. True if it ended by itself. */
  async stop(deadlineMs: number): Promise<boolean> {
    // Once it has ended, its children have another parent.
    this.#descendants.look();
    this.#terminate();
    const cancel = new AbortController();
    const late = sleep(deadlineMs, "late", { signal: cancel.signal }).catch(() => "late");
    const first = await Promise.race([this.exited, late]);
    cancel.abort();
    if (first !== "late") return true;
    this.kill();
    await this.exited;
    return false;
  }

  /** Kills the process, its children, and its container. */
  kill(): void {
    const { container } = this.command;
    if (container !== undefined) void this.#killContainer(container);
    if (this.pid !== undefined) killGroup(this.pid, "SIGKILL");
    this.#descendants.kill();
  }

  #terminate(): void {
    // On Windows a signal does not ask; the closed channel does, by way of parent-watch.
    if (process.platform === "win32" && this.#process.connected) this.#process.disconnect();
    else this.#process.kill("SIGTERM");
  }

  async #watch(): Promise<ChildExit> {
    const { stdout, stderr } = this.#process;
    const { dependencies, command } = this;
    const outputs = Promise.all([
      stdout && prefixLines(stdout, dependencies.stdout, dependencies.prefix),
      stderr && prefixLines(stderr, dependencies.stderr, dependencies.prefix),
    ]);
    const exit = await exitOf(this.#process);
    if (this.pid === undefined) return exit;
    if (command.container !== undefined) await this.#killContainer(command.container);
    killGroup(this.pid, "SIGKILL");
    await this.#descendants.end();
    dependencies.guardian.disown(this.pid);
    // Something that left the group may hold the pipes open.
    const cut = setTimeout(() => [stdout, stderr].map((stream) => stream?.destroy()), 1_000);
    await outputs;
    clearTimeout(cut);
    return exit;
  }

  /** The command may have ended while the container still runs. An error means that there is no container. */
  async #killContainer(container: string): Promise<void> {
    const { env, cwd, file } = this.command;
    const kill = this.dependencies.spawn(file, ["kill", container], { env, cwd, stdio: "ignore", timeout: 10_000 });
    await once(kill, "exit").catch(() => {});
  }
}

function exitOf(child: ChildProcess): Promise<ChildExit> {
  return new Promise((resolve) => {
    child.once("exit", (code, signal) => resolve({ code, signal }));
    child.on("error", (error) => {
      if (child.pid === undefined) resolve({ code: null, signal: null, error });
    });
  });
}

function isListening(message: unknown): message is Listening {
  const { type, port, address } = (message ?? {}) as Record<string, unknown>;
  return type === "eval:listening" && typeof port === "number" && typeof address === "string";
}
