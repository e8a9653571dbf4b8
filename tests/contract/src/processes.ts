import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A bin of ours as a process of its own. */
export interface OwnProcess {
  /** Such as `http://localhost:41123/api`. */
  address: string;
  port: number;
  /** Ends it at once. */
  kill(): Promise<void>;
}

/** How it went with a bin that is expected to end by itself. */
export interface Ended {
  code: number | null;
  output: string;
}

const packages = join(import.meta.dirname, "..", "..", "..", "packages");
const startDeadlineMs = 60_000;

/** `npx @eval/controller`, on a port of the system's choice, listening. */
export function startController(flags: string[] = []): Promise<OwnProcess> {
  return start("controller", ["-p", "0", ...flags]);
}

export interface WorkerOptions {
  /** Address of the controller; by default one that is never there. */
  controller?: string;
  indices: unknown[];
  concurrency?: number;
  flags?: string[];
}

/** `npx @eval/worker NAME`, listening. Its task takes its orders from the indices: see fixtures/obedient-task.mjs. */
export async function startWorker(name: string, options: WorkerOptions): Promise<OwnProcess> {
  const { controller = "http://127.0.0.1:9/api", indices, concurrency = 20, flags = [] } = options;
  const folder = await mkdtemp(join(tmpdir(), "eval-contract-"));
  const module = join(import.meta.dirname, "..", "fixtures", "obedient-task.mjs");
  const config = join(folder, "tasks.json");
  writeFileSync(config, JSON.stringify({ [name]: { module, parameters: { indices, concurrency } } }));
  try {
    return await start("worker", [name, "-c", config, "-C", controller, "-p", "0", ...flags]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Runs a bin to its end. */
export async function runToEnd(name: "controller" | "worker", args: string[]): Promise<Ended> {
  const { child, output, closed } = spawnBin(name, args);
  const timer = setTimeout(() => child.kill("SIGKILL"), startDeadlineMs);
  const code = await closed;
  clearTimeout(timer);
  return { code, output: output() };
}

async function start(name: "controller" | "worker", args: string[]): Promise<OwnProcess> {
  const { child, output, closed } = spawnBin(name, args);
  const listening = once(child, "message", { signal: AbortSignal.timeout(startDeadlineMs) });
  const failed = closed.then(() => Promise.reject(new Error(`${name} ended: ${output()}`)));
  failed.catch(() => {});
  try {
    const [{ port, address }] = (await Promise.race([listening, failed])) as [{ port: number; address: string }];
    return { port, address, kill: () => kill(child, closed) };
  } catch (error) {
    await kill(child, closed);
    throw error;
  }
}

async function kill(child: ChildProcess, closed: Promise<unknown>): Promise<void> {
  child.kill("SIGKILL");
  await closed;
}

function spawnBin(name: string, args: string[]) {
  const stdio = ["ignore", "pipe", "pipe", "ipc"] as ("ignore" | "pipe" | "ipc")[];
  const env = { PATH: process.env.PATH };
  const child = fork(join(packages, name, "bin.js"), args, { stdio, env, execArgv: [] });
  let text = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on("data", (chunk) => {
      text += chunk;
    });
  }
  const closed = once(child, "close").then(([code]) => code as number | null);
  return { child, closed, output: () => text };
}
