import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TaskOutput } from "@eval/protocol";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readRecordedCell, readResults } from "./resume.js";

const cell = { agent: "a", task: "t", epoch: 1 };
let output: string;
let folder: string;

beforeEach(async () => {
  output = await mkdtemp(join(tmpdir(), "resume-"));
  folder = join(output, "a", "t");
  await mkdir(folder, { recursive: true });
});

afterEach(() => rm(output, { recursive: true }));

function line(index: number | string, changes: object = {}): string {
  const outcome = { index, status: "completed", result: 1, history: [{ role: "user", content: "ä".repeat(40) }] };
  return JSON.stringify({ index, error: null, info: null, output: outcome, ...changes });
}

const write = (name: string, text: string) => writeFile(join(folder, name), text);
const read = (name: string) => readFile(join(folder, name), "utf8");

async function results(): Promise<TaskOutput[]> {
  const found: TaskOutput[] = [];
  for await (const result of readResults(output, cell)) found.push(result);
  return found;
}

describe("a folder", () => {
  test("that does not exist is empty", async () => {
    const found = await readRecordedCell(output, { ...cell, agent: "nobody" });
    expect(found).toMatchObject({ accepted: new Set(), failed: new Set(), repairs: [] });
    expect(await readdir(output)).toEqual(["a"]);
  });

  test("of v0.2: task errors count as done; failed lines do not", async () => {
    await write("runs.jsonl", `${line(3)}\n${line("x", { output: { status: "task error", index: null } })}\n`);
    await write(
      "error.jsonl",
      `${line(3, { error: "AGENT_FAILED" })}\n${line(4, { error: "START_FAILED", output: null })}\n`,
    );
    const found = await readRecordedCell(output, cell);
    expect(found).toMatchObject({
      accepted: new Set([3, "x"]),
      failed: new Set([4]),
      failedAttempts: 2,
      taskErrors: 1,
      repairs: [],
    });
  });

  test("may have its keys in any order, null or missing, and Python's numbers", async () => {
    await write(
      "runs.jsonl",
      '{"output":{},"index":"a"}\n' +
        '{"time":null,"index":2,"output":{"history":null,"result":[NaN,"\\"NaN\\\\",-Infinity],"status":"unknown"}}\n',
    );
    expect((await readRecordedCell(output, cell)).accepted).toEqual(new Set(["a", 2]));
    expect(await results()).toEqual([
      { index: "a", status: "running", result: null, history: null },
      { index: 2, status: "unknown", result: [null, '"NaN\\', null], history: null },
    ]);
  });

  test.each([
    ["no output", { output: null }],
    ["an error", { error: "START_FAILED" }],
    ["an unknown status", { output: { status: "fine", history: [] } }],
    ["invalid messages", { output: { status: "completed", history: [{ role: "user", content: null }] } }],
  ])("may have lines with %s in runs.jsonl: they stay and are reported, but are not results", async (_, changes) => {
    const text = `${line(1, changes)}\n${line(2)}\n`;
    await write("runs.jsonl", text);
    const found = await readRecordedCell(output, cell);
    expect([found.accepted, found.unusable]).toEqual([new Set([2]), 1]);
    expect(found.repairs).toEqual([expect.stringContaining("1 lines have no result")]);
    expect((await results()).map(({ index }) => index)).toEqual([2]);
    expect(await read("runs.jsonl")).toBe(text);
  });

  test("reports the recorded versions of the task", async () => {
    await write("runs.jsonl", `${line(1, { task_version: "v1" })}\n${line(2)}\n${line(3, { task_version: "v2" })}\n`);
    expect((await readRecordedCell(output, cell)).taskVersions).toEqual(new Set(["v1", "v2"]));
  });
});

describe("damage", () => {
  test("a torn last line is removed, saved and reported, once", async () => {
    await write("runs.jsonl", `${line(1)}\n{"index":2,"erro`);
    const found = await readRecordedCell(output, cell);
    expect(found.accepted).toEqual(new Set([1]));
    expect(found.repairs).toEqual([expect.stringContaining("runs.jsonl.torn")]);
    expect(await read("runs.jsonl")).toBe(`${line(1)}\n`);
    expect(await read("runs.jsonl.torn")).toBe('{"index":2,"erro\n');
    expect((await readRecordedCell(output, cell)).repairs).toEqual([]);
  });

  test("a last line that only lacks its newline is complete", async () => {
    await write("runs.jsonl", `${line(1)}\n${line(2)}`);
    expect(await readRecordedCell(output, cell)).toMatchObject({ accepted: new Set([1, 2]), repairs: [] });
    expect(await read("runs.jsonl")).toBe(`${line(1)}\n${line(2)}\n`);
  });

  test("lines that are not records are moved to another file; results around them stay", async () => {
    await write("runs.jsonl", `${line(1)}\n\0\0\0\n\n[1]\n${line(2)}\n{"index":1.5}\n{"ind`);
    const found = await readRecordedCell(output, cell);
    expect(found.accepted).toEqual(new Set([1, 2]));
    expect(found.repairs).toHaveLength(2);
    expect(await read("runs.jsonl")).toBe(`${line(1)}\n\n${line(2)}\n`);
    expect(await read("runs.jsonl.corrupt")).toBe('\0\0\0\n[1]\n{"index":1.5}\n');
    expect((await readdir(folder)).sort()).toEqual(["runs.jsonl", "runs.jsonl.corrupt", "runs.jsonl.torn"]);
  });

  test("wherever a file is cut, all complete lines before the cut are found", async () => {
    const whole = `${[1, 2, 3].map((index) => line(index)).join("\n")}\n`;
    const bytes = Buffer.from(whole);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: bytes.length }), async (length) => {
        await rm(join(folder, "runs.jsonl.torn"), { force: true });
        await writeFile(join(folder, "runs.jsonl"), bytes.subarray(0, length));
        const complete = [1, 2, 3].filter((count) => length >= (bytes.length / 3) * count - 1);
        expect([...(await readRecordedCell(output, cell)).accepted]).toEqual(complete);
        expect(whole.startsWith(await read("runs.jsonl"))).toBe(true);
        expect((await read("runs.jsonl")).split("\n")).toHaveLength(complete.length + 1);
      }),
      { numRuns: 60 },
    );
  });

  test("lines longer than the read buffer are read completely", async () => {
    const long = { output: { status: "completed", index: 1, result: "é".repeat(700_000), history: [] } };
    await write("runs.jsonl", `${line(1, long)}\n${line(2)}\n${line(3, long)}`.slice(0, -5));
    expect((await readRecordedCell(output, cell)).accepted).toEqual(new Set([1, 2]));
    expect((await results()).map(({ result }) => String(result).length)).toEqual([700_000, 1]);
  });
});

describe("the results", () => {
  test("are the first line of each index", async () => {
    const second = { output: { index: 1, status: "unknown", result: 2, history: [] } };
    await write("runs.jsonl", `${line(1)}\nrubbish\n${line(1, second)}\n${line("1", { error: "AGENT_FAILED" })}\n`);
    const [only, ...none] = await results();
    expect(only).toMatchObject({ index: 1, status: "completed", history: [{ role: "user" }] });
    expect(none).toEqual([]);
  });
});
