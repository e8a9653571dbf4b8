import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { onTestFinished } from "vitest";

export interface Child {
  process: ChildProcess;
  address: string;
  port: number;
  /** What it wrote to stderr so far. */
  readonly stderr: string;
  /** Sends a signal and waits for the end; resolves with the exit code or the signal. */
  end(signal: NodeJS.Signals): Promise<number | string>;
}

const require = createRequire(import.meta.url);

/** The bin of a package, as a process of its own, up and listening; killed when the test is over. */
export async function startBin(name: "controller" | "worker", args: string[]): Promise<Child> {
  const child = spawnBin(name, args);
  const [message] = (await once(child.process, "message", { signal: AbortSignal.timeout(60_000) })) as [Child];
  return Object.assign(child, { address: message.address, port: message.port });
}

/** The same, for a process that is expected to end by itself. */
export function spawnBin(name: "controller" | "worker", args: string[]): Child {
  const bin = path.join(path.dirname(require.resolve(`@eval/${name}/package.json`)), "bin.js");
  const child = fork(bin, args, {
    stdio: ["ignore", "ignore", "pipe", "ipc"],
    env: { PATH: process.env.PATH },
    execArgv: [],
  });
  let stderr = "";
  child.stderr?.on("data", (chunk) => {
    stderr += chunk;
  });
  const exited = once(child, "close").then(([code, signal]) => (code ?? signal) as number | string);
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await exited;
  });
  return {
    process: child,
    address: "",
    port: 0,
    get stderr() {
      return stderr;
    },
    end: (signal) => {
      child.kill(signal);
      return exited;
    },
  };
}

/** A folder with a task's file and its configuration, removed when the test is over. Returns the configuration. */
export async function writeTask(source: string, name = "echo"): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), "eval-worker-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await writeFile(path.join(folder, "task.mjs"), source);
  const file = path.join(folder, "tasks.json");
  await writeFile(file, JSON.stringify({ [name]: { module: "./task.mjs" } }));
  return file;
}

/** Three questions, then completed; after canceling it ends at once. */
export const echoSource = `
export default class Echo {
  concurrency = 3;
  getIndices() { return [0, 1, 2]; }
  async startSample(index, session) {
    for (let round = 0; round < 3; round++) {
      const answer = await session.action("question " + round);
      if (answer.status !== "normal") return { status: "unknown" };
    }
    return { status: "completed", result: session.history.length };
  }
  calculateOverall() { return null; }
}
`;
