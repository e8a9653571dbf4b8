import type { ChildProcess, spawn as nodeSpawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import type { Logger } from "@eval/protocol/logger";
import type { GuardMessage, Owned } from "./guard-message.js";
import { ownScript } from "./own-script.js";

export interface GuardianOptions {
  spawn: typeof nodeSpawn;
  logger: Logger;
  /** How long the guard waits before it kills the remaining processes, in milliseconds. */
  orphanTimeoutMs: number;
}

/** start-task's side of the guard: keeps it informed, and restarts it if it was killed. */
export class Guardian {
  readonly #owned = new Map<number, Owned>();
  readonly #files = new Set<string>();
  #guard: ChildProcess | undefined;
  #closing = false;
  readonly #mark = randomBytes(12).toString("hex");
  #marks = 0;

  constructor(private readonly options: GuardianOptions) {}

  start(): void {
    const { spawn, orphanTimeoutMs, logger } = this.options;
    const guard = spawn(process.execPath, [ownScript("guard.js"), String(orphanTimeoutMs), this.#mark], {
      stdio: ["ignore", "ignore", "ignore", "ipc"],
      detached: process.platform !== "win32",
      windowsHide: true,
    });
    this.#guard = guard;
    guard.on("error", (error) => logger.warn(`The guard process failed: ${error.message}`));
    guard.once("exit", () => this.#restart());
    // It must not keep the program alive that it watches.
    guard.unref();
    guard.channel?.unref();
    for (const owned of this.#owned.values()) this.#tell({ type: "own", owned });
    for (const path of this.#files) this.#tell({ type: "file", path });
  }

  /** For one process and all that it will start: the guard knows it before the process is there. */
  newMark(): string {
    this.#marks += 1;
    return `${this.#mark}.${this.#marks}`;
  }

  own(owned: Owned): void {
    this.#owned.set(owned.pid, owned);
    this.#tell({ type: "own", owned });
  }

  disown(pid: number): void {
    this.#owned.delete(pid);
    this.#tell({ type: "disown", pid });
  }

  /** Has a file or folder removed when start-task is gone. */
  ownFile(path: string): void {
    this.#files.add(path);
    this.#tell({ type: "file", path });
  }

  /** start-task is about to exit immediately: the guard then kills the remaining processes without waiting. */
  killNow(): void {
    this.#tell({ type: "kill" });
  }

  /** Lets the guard go, for up to 2 s; it still removes the files. */
  async close(): Promise<void> {
    this.#closing = true;
    const guard = this.#guard;
    if (guard?.exitCode !== null || guard.signalCode !== null) return;
    guard.ref();
    const gone = once(guard, "exit", { signal: AbortSignal.timeout(2_000) }).catch(() => guard.kill("SIGKILL"));
    if (guard.connected) guard.disconnect();
    await gone;
  }

  #tell(message: GuardMessage): void {
    const guard = this.#guard;
    if (guard?.connected) guard.send(message, () => {});
  }

  #restart(): void {
    if (this.#closing) return;
    this.options.logger.warn("The guard process ended: starting another one");
    setTimeout(() => !this.#closing && this.start(), 1_000).unref();
  }
}
