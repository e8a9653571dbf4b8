import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { forkedExecArgv } from "./exec-argv.js";
import { type FromRunner, fromRunnerSchema, type ToRunner } from "./wire-message.js";

export interface ProcessEvents {
  onMessage: (message: FromRunner) => void;
  /** Called with each line that the process writes to stdout or stderr. */
  onLine: (line: string) => void;
}

/** How long the last messages of a process may arrive after its exit, in milliseconds. */
const lastWordsMs = 1_000;

/** A process that receives messages and can be killed. Its owner defines their meaning. */
export interface ProcessAdapter {
  readonly pid: number | undefined;
  /** Resolves with a description of how the process ended, when it is gone and all its output has been received. */
  readonly exited: Promise<string>;
  send(message: ToRunner): void;
  kill(): void;
}

/** Forks a runner's process. Its output goes to `onLine`: stdout is reserved for the main process's results. */
export function forkRunner(cwd: string, { onMessage, onLine }: ProcessEvents): ProcessAdapter {
  const child = fork(new URL("./runner-process.js", import.meta.url), [], {
    cwd,
    serialization: "advanced",
    stdio: ["ignore", "pipe", "pipe", "ipc"],
    execArgv: forkedExecArgv(process.execArgv),
  });
  child.on("message", (message) => {
    const parsed = fromRunnerSchema.safeParse(message);
    if (parsed.success) onMessage(parsed.data);
  });
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream as Readable }).on("line", onLine);
  }
  return {
    pid: child.pid,
    exited: exitOf(child),
    // If the process is gone, its exit reports that; the lost message does not matter.
    send: (message) => void (child.connected && child.send(message, () => {})),
    kill: () => void child.kill("SIGKILL"),
  };
}

async function exitOf(child: ChildProcess): Promise<string> {
  const disconnected = once(child, "disconnect").catch(() => {});
  const how = await new Promise<string>((resolve) => {
    child.once("exit", (code, signal) => resolve(signal === null ? `exit code ${code}` : `signal ${signal}`));
    child.on("error", (error) => {
      if (child.pid === undefined) resolve(error.message);
    });
  });
  if (!child.connected || child.pid === undefined) return how;
  const cut = new Promise((resolve) => setTimeout(resolve, lastWordsMs).unref());
  await Promise.race([disconnected, cut]);
  return how;
}
