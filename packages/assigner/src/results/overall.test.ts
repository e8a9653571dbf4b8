import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TaskOutput } from "@eval/protocol";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { OverallFold, readValidOverall, writeOverall } from "./overall.js";

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

  test("of nothing is all zero", () => {
    const { total, validation } = new OverallFold().finish(null);
    expect([total, ...Object.values(validation)].every((value) => value === 0)).toBe(true);
  });
});

describe("overall.json", () => {
  test("is valid for the number of results that it is about", async () => {
    const overall = new OverallFold().finish({ x: [1] });
    await writeOverall(join(folder, "a", "b"), { ...overall, total: 3 });
    expect(await readValidOverall(join(folder, "a", "b"), 3)).toEqual({ ...overall, total: 3 });
    expect(await readValidOverall(join(folder, "a", "b"), 4)).toBeUndefined();
    expect(await readdir(join(folder, "a", "b"))).toEqual(["overall.json"]);
    expect((await readFile(join(folder, "a", "b", "overall.json"), "utf8")).startsWith('{\n    "total": 3,')).toBe(
      true,
    );
  });

  test("may be v0.2's, with Python's numbers in it", async () => {
    const text =
      '{\n    "total": 3,\n    "validation": {\n        "completed": 1.0\n    },\n    "custom": {"f1": NaN}\n}';
    await writeFile(join(folder, "overall.json"), text);
    const read = { total: 3, validation: { completed: 1 }, custom: { f1: null } };
    expect(await readValidOverall(folder, 3)).toEqual(read);
  });

  test("is about the results that are the task's; the others are told apart, where there are any", async () => {
    const fold = new OverallFold();
    fold.add(result("completed", 1));
    expect(Object.keys(fold.finish(null))).toEqual(["total", "validation", "custom"]);
    const overall = fold.finish(null, 2);
    expect(overall).toMatchObject({ total: 1, not_in_task: 2 });
    await writeOverall(folder, overall);
    expect(await readValidOverall(folder, 3)).toEqual(overall);
    expect(await readValidOverall(folder, 1)).toBeUndefined();
  });

  test.each([["{"], ["null"], ["[]"], ['{"total":3}'], ['{"total":3,"validation":null}'], [""]])(
    "is not valid: %s",
    async (text) => {
      await writeFile(join(folder, "overall.json"), text);
      expect(await readValidOverall(folder, 3)).toBeUndefined();
    },
  );

  test("may be missing", async () => {
    expect(await readValidOverall(join(folder, "none"), 0)).toBeUndefined();
  });
});
