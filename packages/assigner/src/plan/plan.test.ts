import type { SampleIndex } from "@eval/protocol";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { expandAssignments } from "../config/assignments.js";
import { indexMatcher, planCell } from "./plan.js";

const cell = { agent: "a", task: "t", priority: 0 };
const index: fc.Arbitrary<SampleIndex> = fc.oneof(
  fc.integer({ min: -2, max: 12 }),
  fc.stringMatching(/^([a-c]|1?\d)$/),
);

describe("the cells", () => {
  test("are the product of agents and tasks, in the order of the file", () => {
    const { cells, warnings } = expandAssignments([
      { agent: ["a", "b"], task: ["x", "y"] },
      { agent: "c", task: "x", priority: -1 },
    ]);
    expect(cells.map(({ agent, task }) => agent + task)).toEqual(["ax", "ay", "bx", "by", "cx"]);
    expect(cells.at(-1)?.priority).toBe(-1);
    expect(warnings).toEqual([]);
  });

  test("contain no duplicates, with a warning for each repetition", () => {
    const { cells, warnings } = expandAssignments([
      { agent: ["a", "a"], task: "x" },
      { agent: "a", task: ["x", "y"] },
    ]);
    expect(cells.map(({ agent, task }) => agent + task)).toEqual(["ax", "ay"]);
    expect(warnings).toHaveLength(2);
    expect(warnings[1]).toContain("assignments[1]");
  });

  test("contain every pair exactly once, for any assignments", () => {
    const names = fc.oneof(fc.string(), fc.array(fc.string()));
    fc.assert(
      fc.property(fc.array(fc.record({ agent: names, task: names })), (assignments) => {
        const pairs = assignments.flatMap(({ agent, task }) =>
          [agent].flat().flatMap((one) => [task].flat().map((other) => JSON.stringify([one, other]))),
        );
        const { cells, warnings } = expandAssignments(assignments);
        expect(cells.map((each) => JSON.stringify([each.agent, each.task]))).toEqual([...new Set(pairs)]);
        expect(cells.length + warnings.length).toBe(pairs.length);
      }),
    );
  });
});

describe("the plan of a cell", () => {
  const indices = fc.array(index, { maxLength: 20 });
  const recorded = fc.uniqueArray(
    fc.record({ epoch: fc.integer({ min: 1, max: 4 }), accepted: indices, failed: indices }),
    { selector: ({ epoch }) => epoch },
  );

  test("contains every remaining sample once, keeps the order, and adds up", () => {
    fc.assert(
      fc.property(
        indices,
        recorded,
        fc.integer({ min: 1, max: 3 }),
        fc.boolean(),
        (all, records, epochs, keepFailed) => {
          const plan = planCell(cell, all, records, { epochs, keepFailed });
          const distinct = [...new Set(all)];
          const kept = plan.excluded.filter(({ reason }) => reason === "failed before");
          expect(plan.done + plan.remaining.length + kept.length).toBe(plan.total);
          const over = plan.epochs.filter(({ epoch }) => epoch > epochs).reduce((sum, { done }) => sum + done, 0);
          expect(plan.total).toBe(distinct.length * epochs + over);
          expect(plan.remaining.every(({ epoch }) => epoch <= epochs)).toBe(true);
          expect(plan.epochs.reduce((sum, { done }) => sum + done, 0)).toBe(plan.done);
          const places = plan.remaining.map((sample) => sample.epoch * 1_000 + distinct.indexOf(sample.index));
          expect(places).toEqual([...new Set(places)].sort((one, other) => one - other));
          for (const sample of plan.remaining) {
            const record = records.find(({ epoch }) => epoch === sample.epoch);
            expect(record?.accepted.includes(sample.index) ?? false).toBe(false);
            if (keepFailed) expect(record?.failed.includes(sample.index) ?? false).toBe(false);
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  test("is empty after all its samples are recorded", () => {
    fc.assert(
      fc.property(indices, recorded, fc.integer({ min: 1, max: 3 }), (all, records, epochs) => {
        const { remaining } = planCell(cell, all, records, { epochs });
        const after = Array.from({ length: epochs }, (_, at) => ({
          epoch: at + 1,
          accepted: [
            ...(records.find(({ epoch }) => epoch === at + 1)?.accepted ?? []),
            ...remaining.filter(({ epoch }) => epoch === at + 1).map((sample) => sample.index),
          ],
          failed: [],
        }));
        const again = planCell(cell, all, after, { epochs });
        expect(again.remaining).toEqual([]);
        expect(again.done).toBe(again.total);
      }),
    );
  });

  test("keeps and reports a recorded index that the task no longer has", () => {
    const plan = planCell(cell, [1, 2], [{ epoch: 1, accepted: [2, 9], failed: [] }]);
    expect(plan).toMatchObject({ total: 2, done: 1, remaining: [{ index: 1, epoch: 1 }] });
    expect(plan.excluded).toEqual([{ index: 9, epoch: 1, reason: "not in task" }]);
  });

  test("retries failed samples, except with keepFailed", () => {
    const records = [{ epoch: 1, accepted: [1], failed: [1, 2] }];
    expect(planCell(cell, [1, 2], records).remaining).toEqual([{ index: 2, epoch: 1 }]);
    expect(planCell(cell, [1, 2], records, { keepFailed: true })).toMatchObject({
      remaining: [],
      excluded: [{ index: 2, epoch: 1, reason: "failed before" }],
    });
  });
});

describe("an index that was read from a file", () => {
  test("matches the identical one first, then the one with the same text", () => {
    expect(indexMatcher([5, "5"])("5")).toBe("5");
    expect(indexMatcher([5, "5"])(5)).toBe(5);
    expect(indexMatcher(["5"])(5)).toBe("5");
    expect(indexMatcher([5])("5")).toBe(5);
    expect(indexMatcher([5])("05")).toBeUndefined();
  });
});
