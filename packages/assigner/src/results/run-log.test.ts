import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { messageOf } from "@eval/protocol";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { RunRecord } from "./journal-record.js";
import { readRecordedCell } from "./resume.js";
import { RunLog } from "./run-log.js";

const now = () => new Date(2024, 0, 2, 3, 4, 5, 678).getTime();
const cell = { agent: "model", task: "db", epoch: 1 };
let output: string;
let log: RunLog;

function record(index: number | string, changes: Partial<RunRecord> = {}): RunRecord {
  const outcome = { index, status: "completed" as const, result: true, history: [] };
  return { ...cell, index, error: null, info: null, output: outcome, ...changes };
}

async function linesIn(...path: string[]): Promise<string[]> {
  const text = await readFile(join(output, ...path), "utf8");
  expect(text.endsWith("\n")).toBe(true);
  return text.split("\n").slice(0, -1);
}

const indicesIn = async (...path: string[]) => (await linesIn(...path)).map((line) => JSON.parse(line).index);

beforeEach(async () => {
  output = await mkdtemp(join(tmpdir(), "run-log-"));
  log = new RunLog(output, { now });
});

afterEach(async () => {
  await log.close();
  await rm(output, { recursive: true });
});

describe("a line", () => {
  test("has v0.2's keys in v0.2's order, then additional ones", async () => {
    await log.append(record("q1", { extra: { attempt: 2, task_version: "x", index: "never" } }));
    expect(await linesIn("model", "db", "runs.jsonl")).toEqual([
      `{"index":"q1","error":null,"info":null,"output":{"index":"q1","status":"completed","result":true,"history":[]},` +
        `"time":{"timestamp":${now()},"str":"2024-01-02 03:04:05"},"attempt":2,"task_version":"x"}`,
    ]);
  });

  test("is ASCII, and a result has a list of messages, because v0.2 counts them and reads in any encoding", async () => {
    const output = { index: "é", status: "completed" as const, result: "中😀\u007f", history: null };
    await log.append(record("é", { output }));
    await log.append(record("no", { output: { ...output, status: "task error" } }));
    const [line = ""] = await linesIn("model", "db", "runs.jsonl");
    expect(line).toContain('"index":"\\u00e9"');
    expect(line).toContain('"result":"\\u4e2d\\ud83d\\ude00\\u007f","history":[]');
    expect(JSON.parse(line)).toMatchObject({ index: "é", output: { result: output.result } });
    expect((await linesIn("model", "db", "error.jsonl"))[0]).toContain('"history":null');
  });

  test("of a later epoch goes to that epoch's folder", async () => {
    await log.append(record(1));
    await log.append(record(1, { epoch: 2 }));
    expect(await indicesIn("model", "db", "runs.jsonl")).toEqual([1]);
    expect(JSON.parse((await linesIn("model", "db", "epoch-2", "runs.jsonl"))[0] ?? "").epoch).toBe(2);
  });

  test("of a failed attempt goes to error.jsonl, as often as it fails", async () => {
    const failure = record(1, { error: "AGENT_FAILED", info: "no answer", output: null });
    await log.append(failure);
    await log.append(failure);
    expect(await indicesIn("model", "db", "error.jsonl")).toEqual([1, 1]);
    expect(existsSync(join(output, "model/db/runs.jsonl"))).toBe(false);
  });

  test("of a task error is a failure with its output kept", async () => {
    await log.append(record(1, { output: { index: 1, status: "task error", result: "boom", history: null } }));
    const [line] = await linesIn("model", "db", "error.jsonl");
    expect(JSON.parse(line ?? "")).toMatchObject({ error: "TASK_ERROR", output: { result: "boom" } });
  });

  test("is never appended to a torn one", async () => {
    await mkdir(join(output, "model/db"), { recursive: true });
    await writeFile(join(output, "model/db/runs.jsonl"), '{"index":1,"err');
    await log.append(record(2));
    expect((await linesIn("model", "db", "runs.jsonl"))[1]).toContain('"index":2');
  });
});

describe("one result per sample", () => {
  test("a second one is written to late.jsonl", async () => {
    expect(await Promise.all([log.append(record(1)), log.append(record(1))])).toEqual(["recorded", "late"]);
    expect(await log.append(record("1"))).toBe("recorded");
    expect(await indicesIn("model", "db", "runs.jsonl")).toEqual([1, "1"]);
    expect(await indicesIn("model", "db", "late.jsonl")).toEqual([1]);
  });

  test("even if the first one is from an earlier launch", async () => {
    log.seed(cell, [7]);
    expect(await log.append(record(7))).toBe("late");
  });
});

describe("group commit", () => {
  test("keeps the order of the calls, and resolves in it", async () => {
    const resolved: number[] = [];
    const appends = Array.from({ length: 5_000 }, async (_, index) => {
      await log.append(record(index));
      resolved.push(index);
    });
    await Promise.all(appends);
    expect(resolved).toEqual([...resolved].sort((one, other) => one - other));
    expect(await indicesIn("model", "db", "runs.jsonl")).toEqual(resolved);
  });

  test("works on more files than may be open", async () => {
    const narrow = new RunLog(output, { now, maxOpenFiles: 3 });
    const places = Array.from({ length: 400 }, (_, at) => ({ agent: `a${at % 4}`, task: `t${at % 10}`, index: at }));
    await Promise.all(places.map(({ agent, task, index }) => narrow.append(record(index, { agent, task }))));
    await narrow.close();
    const found = await Promise.all(
      ["a0", "a1", "a2", "a3"].flatMap((agent) =>
        Array.from({ length: 10 }, async (_, task) => readRecordedCell(output, { agent, task: `t${task}`, epoch: 1 })),
      ),
    );
    expect(found.flatMap(({ accepted }) => [...accepted]).sort((one, other) => Number(one) - Number(other))).toEqual(
      places.map(({ index }) => index),
    );
  });

  test("close waits for pending lines, and later appends are rejected", async () => {
    const under = log.append(record(1));
    await log.close();
    expect(await under).toBe("recorded");
    await expect(log.append(record(2))).rejects.toMatchObject({ code: "OUTPUT_WRITE_FAILED" });
  });
});

describe("a disk that fails", () => {
  test.skipIf(!existsSync("/dev/full"))("breaks the log, with the file and the cause", async () => {
    await mkdir(join(output, "model/db"), { recursive: true });
    await symlink("/dev/full", join(output, "model/db/runs.jsonl"));
    const both = await Promise.allSettled([log.append(record(1)), log.append(record(2))]);
    expect(both.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    const failure = await log.append(record(3, { agent: "other" })).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "OUTPUT_WRITE_FAILED" });
    expect(messageOf(failure)).toContain("ENOSPC");
    expect(log.broken?.message).toContain(join(output, "model/db/runs.jsonl"));
  });

  test("a folder that cannot be created breaks it too", async () => {
    await writeFile(join(output, "model"), "a file where a folder should be");
    await expect(log.append(record(1))).rejects.toMatchObject({ code: "OUTPUT_WRITE_FAILED" });
  });
});
