import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Worker } from "node:worker_threads";
import type { Task } from "@eval/protocol/task";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { DBBench } from "../../index.js";
import { saying } from "../../testing/scripted-session.js";
import { answerReply, operationReply } from "../replies.js";

const mebibyte = 1024 * 1024;
const timeoutS = 1;

/** Milliseconds of a statement: its timeout, the grace after it, a new thread, and a machine that is busy. */
const mostMs = 12_000;

/** Milliseconds within which another session is answered meanwhile, on a machine that is busy. */
const mostWaitMs = 10_000;

/** Bytes by which the process may grow at its peak: an engine's 64 MiB, a second session, replies, and our own garbage. */
const mostGrowth = 220 * mebibyte;

const rows = Array.from({ length: 8 }, (_, index) => [String(index), "x".repeat(20)]);
const sample = {
  description: "Do it.",
  type: ["other"],
  table: { table_name: "t", table_info: { columns: [{ name: "a" }, { name: "c" }], rows } },
  label: ["8"],
};

let configDir: string;
let task: Task;
const threads = new Set<Worker>();
const onThread = (thread: Worker): void => {
  threads.add(thread);
  thread.once("exit", () => threads.delete(thread));
};

beforeAll(async () => {
  configDir = await mkdtemp(path.join(tmpdir(), "dbbench-hostile-"));
  await writeFile(path.join(configDir, "data.jsonl"), JSON.stringify(sample));
});
afterAll(() => rm(configDir, { recursive: true }));
beforeEach(async () => {
  process.on("worker", onThread);
  const parameters = { data_file: "data.jsonl", statement_timeout_s: timeoutS, max_round: 20 };
  task = await DBBench({ parameters, configDir });
});
afterEach(async () => {
  await task.release?.();
  process.off("worker", onThread);
  expect(threads.size).toBe(0);
});

/** What the agent sees of its statements. */
async function outcomes(...statements: string[]): Promise<(string | undefined)[]> {
  const session = saying(...statements.map(operationReply), answerReply("['8']"));
  expect(await task.startSample(0, session)).toMatchObject({ status: "completed" });
  return statements.map((_, index) => session.history[2 + 2 * index]?.content);
}

/** The most memory that the process takes, beyond what it takes now, while some work goes on. */
async function growthDuring(work: Promise<unknown>): Promise<number> {
  const before = process.memoryUsage.rss();
  let peak = before;
  const watch = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage.rss());
  }, 20);
  await work.finally(() => clearInterval(watch));
  return peak - before;
}

const many = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)";

const hostile: Record<string, string> = {
  "returns huge blobs": "UPDATE t SET c = c RETURNING zeroblob(900000000)",
  "prints a huge width": "SELECT printf('%.*c', 1000000000, 'x')",
  "prints huge widths in every row":
    "SELECT count(printf('%1000000d', i)) FROM (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n)",
  "doubles a text for ever":
    "WITH RECURSIVE s(x) AS (SELECT 'x' UNION ALL SELECT x || x FROM s) SELECT max(length(x)) FROM s",
  "concatenates an endless group": `${many} SELECT length(group_concat(hex(randomblob(1000)))) FROM n`,
  "makes random blobs": `${many} SELECT max(randomblob(1000000)) FROM n`,
  "prints zeros in hexadecimal": "SELECT hex(zeroblob(500000000))",
  "replaces a lot by a lot": "SELECT length(replace(hex(zeroblob(400000)), '0', hex(zeroblob(400000))))",
  "writes a huge table": `CREATE TABLE big AS ${many} SELECT hex(randomblob(5000)) AS x FROM n`,
  "writes a huge temporary table": `CREATE TEMP TABLE big AS ${many} SELECT hex(randomblob(5000)) AS x FROM n`,
  "sorts an endless result": `${many} SELECT i, randomblob(10000) AS x FROM n ORDER BY x`,
  "joins the table with itself for ever": `SELECT count(*) FROM ${Array.from({ length: 14 }, (_, index) => `t AS t${index}`).join(", ")}`,
  "matches a pathological LIKE": `SELECT hex(zeroblob(400000)) LIKE '${"%0_".repeat(300)}x'`,
  "matches a pathological GLOB": `SELECT hex(zeroblob(400000)) GLOB '${"*0?".repeat(300)}x'`,
  "matches a pathological REGEXP": `SELECT '${"a".repeat(60)}!' REGEXP '^(a|aa|a?)+$'`,
  "nests expressions deeply": `SELECT ${"(".repeat(20_000)}1${")".repeat(20_000)}`,
  "nests functions deeply": `SELECT ${"abs(".repeat(900)}1${")".repeat(900)}`,
  "nests queries deeply": `SELECT ${"(SELECT ".repeat(2_000)}1${")".repeat(2_000)}`,
  "nests JSON deeply": `SELECT json_extract('${"[".repeat(100_000)}', '$[0]')`,
  "inserts endless rows":
    "INSERT INTO t SELECT a, c FROM t, (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n)",
  "makes a wide full-text table": `CREATE VIRTUAL TABLE f USING fts5(x, y, ${Array.from({ length: 500 }, (_, index) => `z${index}`).join(", ")})`,
};

describe("a hostile statement", () => {
  it.each(Object.entries(hostile))("that %s harms nobody", async (_, statement) => {
    let ended = false;
    const started = performance.now();
    const attack = outcomes(statement, "SELECT COUNT(*) FROM t").finally(() => {
      ended = true;
    });
    const growth = await growthDuring(
      (async () => {
        do {
          const asked = performance.now();
          expect(await outcomes("SELECT COUNT(*) FROM t")).toEqual(["[(8,)]"]);
          expect(performance.now() - asked).toBeLessThan(mostWaitMs);
        } while (!ended);
        await attack;
      })(),
    );

    const [seen, after] = await attack;
    expect(performance.now() - started).toBeLessThan(mostMs);
    expect(growth).toBeLessThan(mostGrowth);
    expect(seen?.length).toBeLessThan(1_000);
    expect(after).toBe("[(8,)]");
  });

  it("finds no file", async () => {
    const file = path.join(configDir, "out");
    const seen = await outcomes(
      "SELECT readfile('/etc/passwd')",
      `SELECT writefile('${file}', 'y')`,
      "SELECT * FROM fsdir('/etc')",
      "SELECT load_extension('/lib/x86_64-linux-gnu/libc.so.6')",
      `ATTACH '${file}' AS x`,
      `VACUUM INTO '${file}'`,
      `PRAGMA temp_store_directory = '${configDir}'`,
      "CREATE VIRTUAL TABLE v USING csv(filename='/etc/passwd')",
      `SELECT edit('x', 'touch ${file}')`,
      "SELECT fts3_tokenizer('simple')",
    );
    expect(seen).toEqual([
      "no such function: readfile",
      "no such function: writefile",
      "no such table: fsdir",
      "no such function: load_extension",
      "ATTACH is not allowed here",
      "VACUUM is not allowed here",
      "PRAGMA is not allowed here",
      "no such module: csv",
      "no such function: edit",
      "no such function: fts3_tokenizer",
    ]);
    expect(existsSync(file)).toBe(false);
  });

  it("cannot lift the engine's limits", async () => {
    const seen = await outcomes(
      "PRAGMA hard_heap_limit = 0",
      "PRAGMA max_page_count = 1000000",
      "SELECT * FROM pragma_journal_mode",
      "PRAGMA writable_schema = 1",
      "UPDATE sqlite_dbpage SET data = zeroblob(4096) WHERE pgno = 1",
      "DETACH main",
      "EXPLAIN ATTACH ':memory:' AS y",
    );
    expect(seen.slice(0, 4)).toEqual(Array(4).fill("PRAGMA is not allowed here"));
    expect(seen[4]).toMatch(/read-only/);
    expect(seen.slice(5)).toEqual(["DETACH is not allowed here", "ATTACH is not allowed here"]);
  });
});

describe("a statement whose thread has to be terminated", () => {
  // The engine looks at the clock between its steps, and this is a single one.
  const stuck = `SELECT '${"a".repeat(60)}!' REGEXP '^(a|aa|a?)+$'`;

  it("leaves the data as the last completed statement left it", async () => {
    const seen = await outcomes(
      "DELETE FROM t WHERE a > '3'",
      "CREATE TABLE u AS SELECT 1 AS x",
      stuck,
      "SELECT (SELECT COUNT(*) FROM t), (SELECT x FROM u)",
      "INSERT INTO u VALUES (2)",
      stuck,
      "SELECT COUNT(*) FROM u",
      "SELECT 'A' FROM t WHERE c = upper(c) LIMIT 1",
    );
    const stopped = `The statement was stopped because it ran for more than ${timeoutS} s`;
    expect(seen).toEqual(["[]", "[]", stopped, "[(4, 1)]", "[]", stopped, "[(2,)]", "[('A',)]"]);
  });

  it("keeps the changes that a failed statement had made before it failed", async () => {
    const seen = await outcomes(
      "CREATE TABLE u (x UNIQUE)",
      "INSERT OR FAIL INTO u VALUES (1), (2), (1), (3)",
      stuck,
      "SELECT * FROM u",
    );
    expect(seen[1]).toBe("UNIQUE constraint failed: u.x");
    expect(seen[3]).toBe("[(1,), (2,)]");
  });

  it("ends with its session", async () => {
    let asked = false;
    const session = saying(operationReply(stuck));
    const action = session.action.bind(session);
    session.action = async (...items) => {
      const output = await action(...items);
      setTimeout(() => {
        asked = true;
        session.abort();
      }, 200);
      return output;
    };
    expect(await task.startSample(0, session)).toEqual({ status: "unknown", result: null });
    expect(asked).toBe(true);
    await expect.poll(() => threads.size, { timeout: 10_000 }).toBe(0);
  });
});

it("lends a thread again, and ends one whose engine needed more memory", async () => {
  const made = new Set<Worker>();
  const count = (thread: Worker): void => void made.add(thread);
  process.on("worker", count);
  for (let round = 0; round < 3; round += 1) await outcomes("SELECT COUNT(*) FROM t", "UPDATE t SET c = 'y'");
  expect(made.size).toBe(1);
  await outcomes(`CREATE TABLE big AS ${many} SELECT hex(randomblob(5000)) AS x FROM n LIMIT 1000`);
  await expect.poll(() => threads.size, { timeout: 10_000 }).toBe(0);
  await outcomes("SELECT 1");
  expect(made.size).toBe(2);
  process.off("worker", count);
});
