import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { lockOutput } from "./output-lock.js";
import { ownIdentity } from "./process-identity.js";
import { readRecordedCell, readResults } from "./resume.js";
import { RunLog } from "./run-log.js";

/** The compiled modules of this folder: a child runs plain Node (`test` depends on `build`). */
const compiled = fileURLToPath(new URL("../../dist/results/", import.meta.url));

/** Runs an ES module given as text, in which `load(name)` imports a compiled module of this folder. */
function runChild(code: string, args: string[], { limitKiB }: { limitKiB?: number } = {}): ChildProcess {
  const script = `const load = (name) => import(${JSON.stringify(compiled)} + name);\n${code}`;
  const command = [process.execPath, "--input-type=module", "-e", script, "--", ...args];
  const limited =
    limitKiB === undefined ? command : ["bash", "-c", `ulimit -f ${limitKiB}; exec "$@"`, "bash", ...command];
  return spawn(limited[0] as string, limited.slice(1), { stdio: ["ignore", "pipe", "inherit"] });
}

async function* linesOf(child: ChildProcess): AsyncGenerator<string> {
  if (child.stdout) yield* createInterface({ input: child.stdout });
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
}

const now = () => 0;
const cell = { agent: "model", task: "db", epoch: 1 };
let output: string;

beforeEach(async () => {
  output = await mkdtemp(join(tmpdir(), "crash-"));
});
afterEach(() => rm(output, { recursive: true }));

const lockFile = () => join(output, ".lock");
const readLock = async () => JSON.parse(await readFile(lockFile(), "utf8"));

/** Leaves the lock of a process that was killed. */
async function leaveDeadLock(): Promise<void> {
  const child = runChild(
    `const { lockOutput } = await load("output-lock.js");
     await lockOutput(process.argv[1], { now: Date.now });
     console.log("locked");
     setInterval(() => {}, 1000);`,
    [output],
  );
  for await (const line of linesOf(child)) if (line === "locked") child.kill("SIGKILL");
  await ended(child);
}

describe("a writer that dies", () => {
  test.skipIf(process.platform === "win32")("a partial line is removed", async () => {
    const code = `
      const { RunLog } = await load("run-log.js");
      process.on("SIGXFSZ", () => {});
      const log = new RunLog(process.argv[1], { now: Date.now });
      for (let index = 0; ; index++) {
        const output = { index, status: "completed", result: "x".repeat(700), history: [] };
        try {
          await log.append({ agent: "model", task: "db", epoch: 1, index, error: null, info: null, output });
          console.log(index);
        } catch (error) {
          console.log(error.code);
          break;
        }
      }
      await log.close();`;
    const said: string[] = [];
    for await (const line of linesOf(runChild(code, [output], { limitKiB: 16 }))) said.push(line);
    expect(said.pop()).toBe("OUTPUT_WRITE_FAILED");
    expect(said.length).toBeGreaterThan(5);
    const text = await readFile(join(output, "model", "db", "runs.jsonl"), "utf8");
    expect(text.endsWith("\n")).toBe(true);
    const indices = text
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line).index);
    expect(indices).toEqual(said.map(Number));
  });

  test("kill -9: no acknowledged line is lost, and the run can be continued", async () => {
    const code = `
    const { RunLog } = await load("run-log.js");
    const log = new RunLog(process.argv[1], { now: Date.now });
    const one = async (index) => {
      const output = { index, status: "completed", result: "x".repeat(3000), history: [] };
      await log.append({ agent: "model", task: "db", epoch: 1, index, error: null, info: null, output });
      process.stdout.write(index + "\\n");
    };
    for (let from = 0; ; from += 50) await Promise.all(Array.from({ length: 50 }, (_, at) => one(from + at)));`;
    const child = runChild(code, [output]);
    const acknowledged: number[] = [];
    for await (const line of linesOf(child)) {
      acknowledged.push(Number(line));
      if (acknowledged.length === 1_000) child.kill("SIGKILL");
    }
    await ended(child);
    const done = { index: "next", status: "completed" as const, result: null, history: [] };
    const log = new RunLog(output, { now });
    const { accepted } = await readRecordedCell(output, cell);
    // The last number in the pipe may be incomplete.
    expect(acknowledged.slice(0, -1).filter((index) => !accepted.has(index))).toEqual([]);
    await log.append({ ...cell, index: "next", error: null, info: null, output: done });
    await log.close();
    const results: unknown[] = [];
    for await (const { index } of readResults(output, cell)) results.push(index);
    expect(results).toEqual([...accepted, "next"]);
    expect((await readdir(join(output, "model/db"))).filter((name) => name.endsWith(".tmp"))).toEqual([]);
  });
});

describe("a dead holder's lock", () => {
  test("is taken over without asking", async () => {
    await leaveDeadLock();
    const lock = await lockOutput(output, { now });
    expect((await readLock()).pid).toBe(process.pid);
    await lock.release();
    expect(await readdir(output)).toEqual([]);
  });

  test("is taken over by exactly one of many", async () => {
    await leaveDeadLock();
    const tries = await Promise.allSettled(Array.from({ length: 30 }, () => lockOutput(output, { now })));
    const won = tries.filter((each) => each.status === "fulfilled");
    expect(won).toHaveLength(1);
    for (const each of tries)
      if (each.status === "rejected") expect(each.reason).toMatchObject({ code: "OUTPUT_LOCKED" });
    await won[0]?.value.release();
    expect(await readdir(output)).toEqual([]);
  });

  test("is taken over by exactly one of many processes, every time", async () => {
    const race = `
      import { existsSync } from "node:fs";
      const { lockOutput } = await load("output-lock.js");
      console.log("ready");
      while (!existsSync(process.argv[2]));
      try { await lockOutput(process.argv[1], { now: Date.now }); console.log("won"); setTimeout(() => {}, 60_000); }
      catch (error) { console.log(error.code); }`;
    await leaveDeadLock();
    for (let round = 0; round < 3; round++) {
      const start = join(output, `start-${round}`);
      const children = Array.from({ length: 4 }, () => runChild(race, [output, start]));
      const lines = children.map(linesOf);
      await Promise.all(lines.map((line) => line.next()));
      await writeFile(start, "");
      const said = await Promise.all(lines.map(async (line) => (await line.next()).value));
      expect(said.sort()).toEqual(["OUTPUT_LOCKED", "OUTPUT_LOCKED", "OUTPUT_LOCKED", "won"]);
      for (const child of children) child.kill("SIGKILL");
      await Promise.all(children.map(ended));
    }
  });

  test("is taken over even if another process died while taking it over", async () => {
    await leaveDeadLock();
    const { token, ...dead } = await readLock();
    await writeFile(`${lockFile()}.${token}`, JSON.stringify({ ...dead, token: "abc" }));
    await (await lockOutput(output, { now })).release();
    expect(await readdir(output)).toEqual([]);
  });

  test("is not touched while a living process is taking it over", async () => {
    await leaveDeadLock();
    const { token } = await readLock();
    const live = { ...(await ownIdentity()), token: "abc", since: "" };
    await writeFile(`${lockFile()}.${token}`, JSON.stringify(live));
    await expect(lockOutput(output, { now })).rejects.toMatchObject({ code: "OUTPUT_LOCKED" });
    expect((await readLock()).token).toBe(token);
  });
});
