import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TaskOutput } from "@eval/protocol";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { distrustOverall, OverallFold, readValidOverall, writeOverall } from "./overall.js";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "overall-"));
});
afterEach(() => rm(folder, { recursive: true }));

const message = { role: "user" as const, content: "" };

function result(status: TaskOutput["status"], length: number | null): TaskOutput {
  return { index: 1, status, result: null, history: length === null ? null : new Array(length).fill(message) };
}

describe("the fold", () => {
  test("has v0.2's keys in v0.2's order", async () => {
    const fold = new OverallFold();
    async function* stream() {
      yield* [result("completed", 4), result("completed", 2), result("task limit reached", null), result("unknown", 3)];
    }
    let passed = 0;
    for await (const _ of fold.through(stream())) passed++;
    expect(passed).toBe(4);
    expect(JSON.stringify(fold.finish({ acc: 1 }))).toBe(
      '{"total":4,"validation":{"running":0,"completed":0.5,"agent context limit":0,"agent validation failed":0,' +
        '"agent invalid action":0,"task limit reached":0.25,"unknown":0.25,"task error":0,' +
        '"average_history_length":2.25,"max_history_length":4,"min_history_length":0},"custom":{"acc":1}}',
    );
  });

  test("of no results is all zero", () => {
    const { total, validation } = new OverallFold().finish(null);
    expect([total, ...Object.values(validation)].every((value) => value === 0)).toBe(true);
  });
});

const digest = "d1";

describe("overall.json", () => {
  test("is valid for the results that it was computed from, which are recorded in a file next to it", async () => {
    const cell = join(folder, "a", "b");
    const overall = { ...new OverallFold().finish({ x: [1] }), total: 3 };
    await writeOverall(cell, overall, digest);
    expect(await readValidOverall(cell, { accepted: 3, digest })).toEqual(overall);
    expect(await readValidOverall(cell, { accepted: 4, digest })).toBeUndefined();
    expect(await readValidOverall(cell, { accepted: 3, digest: "d2" })).toBeUndefined();
    expect(await readdir(cell)).toEqual(["overall.json", "overall.source.json"]);
    expect((await readFile(join(cell, "overall.json"), "utf8")).startsWith('{\n    "total": 3,')).toBe(true);
  });

  test("may be v0.2's, with Python's numbers, if the number of results matches", async () => {
    const text =
      '{\n    "total": 3,\n    "validation": {\n        "completed": 1.0\n    },\n    "custom": {"f1": NaN}\n}';
    await writeFile(join(folder, "overall.json"), text);
    const read = { total: 3, validation: { completed: 1 }, custom: { f1: null } };
    expect(await readValidOverall(folder, { accepted: 3, digest })).toEqual(read);
    expect(await readValidOverall(folder, { accepted: 2, digest })).toBeUndefined();
  });

  test("of v0.2 that was outdated once stays outdated, whatever the number of results becomes", async () => {
    await writeFile(join(folder, "overall.json"), '{"total": 3, "validation": {}}');
    await distrustOverall(folder);
    expect(await readValidOverall(folder, { accepted: 3, digest })).toBeUndefined();
    await writeOverall(folder, { total: 3, validation: {}, custom: null }, digest);
    await distrustOverall(folder);
    expect(await readValidOverall(folder, { accepted: 3, digest })).toMatchObject({ total: 3 });
  });

  test("that is missing needs no mark", async () => {
    await distrustOverall(folder);
    expect(await readdir(folder)).toEqual([]);
  });

  test("counts only the task's results; the others are counted separately, if there are any", async () => {
    const fold = new OverallFold();
    fold.add(result("completed", 1));
    expect(Object.keys(fold.finish(null))).toEqual(["total", "validation", "custom"]);
    const overall = fold.finish(null, 2);
    expect(overall).toMatchObject({ total: 1, not_in_task: 2 });
    await writeOverall(folder, overall, digest);
    expect(await readValidOverall(folder, { accepted: 3, digest })).toEqual(overall);
    expect(await readValidOverall(folder, { accepted: 1, digest })).toBeUndefined();
  });

  test.each([["{"], ["null"], ["[]"], ['{"total":3}'], ['{"total":3,"validation":null}'], [""]])(
    "is not valid: %s",
    async (text) => {
      await writeFile(join(folder, "overall.json"), text);
      expect(await readValidOverall(folder, { accepted: 3, digest })).toBeUndefined();
    },
  );

  test("is never valid over no results at all", async () => {
    await writeOverall(folder, new OverallFold().finish(null), digest);
    expect(await readValidOverall(folder, { accepted: 0, digest })).toBeUndefined();
  });

  test("may be missing", async () => {
    expect(await readValidOverall(join(folder, "none"), { accepted: 1, digest })).toBeUndefined();
  });
});
