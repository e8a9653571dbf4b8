import type { TaskOutput } from "@eval/protocol";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { metricsOf, PassCount, passAtK, spreadOf } from "./epoch-statistics.js";

describe("pass@k", () => {
  /** Counts over all ways to choose `k` of the tries. */
  function counted(tries: number, passed: number, k: number): number {
    let [all, some] = [0, 0];
    for (let chosen = 0; chosen < 2 ** tries; chosen++) {
      const bits = [...Array(tries).keys()].filter((at) => chosen & (1 << at));
      if (bits.length !== k) continue;
      all += 1;
      if (bits.some((at) => at < passed)) some += 1;
    }
    return some / all;
  }

  it("is the share of choices of k tries that contain a passed one", () => {
    const sizes = fc.tuple(fc.integer({ min: 1, max: 8 }), fc.nat(8), fc.integer({ min: 1, max: 8 }));
    fc.assert(
      fc.property(sizes, ([tries, passed, k]) => {
        const [c, most] = [Math.min(passed, tries), Math.min(k, tries)];
        expect(passAtK(tries, c, most)).toBeCloseTo(counted(tries, c, most), 10);
      }),
    );
  });

  const result = (index: number, score: unknown, status: TaskOutput["status"] = "completed"): TaskOutput => {
    return { index, status, result: score === undefined ? null : { score: score as never }, history: [] };
  };

  it("is the mean over the samples; an incomplete sample has not passed", () => {
    const count = new PassCount();
    for (const output of [result(0, true), result(0, 0), result(1, 1), result(1, undefined, "task limit reached")]) {
      count.add(output);
    }
    expect(count.passAtK()).toEqual({ 1: 0.5, 2: 1 });
  });

  it("works for any number of samples", () => {
    const count = new PassCount();
    for (let index = 0; index < 300_000; index++) count.add(result(index, 1));
    expect(count.passAtK()).toEqual({ 1: 1 });
  });

  it("needs a score of 0 or 1 in every completed result", () => {
    for (const odd of [undefined, 0.5, "1", null]) {
      const count = new PassCount();
      for (const output of [result(0, 1), result(1, odd)]) count.add(output);
      expect(count.passAtK()).toBeNull();
    }
    expect(new PassCount().passAtK()).toBeNull();
  });
});

describe("metrics over the epochs", () => {
  it("are the numbers of the overalls, by path", () => {
    const overall = (accuracy: number, extra: object = {}) => {
      return { total: 2, validation: { completed: 1 }, custom: { by: { kind: { accuracy } }, list: [1], ...extra } };
    };
    expect(metricsOf([overall(0.5), overall(1, { cost: 3, name: "x" })])).toEqual({
      "validation.completed": { mean: 1, standard_error: 0, values: [1, 1] },
      "custom.by.kind.accuracy": { mean: 0.75, standard_error: 0.25, values: [0.5, 1] },
      "custom.cost": { mean: 3, standard_error: null, values: [3] },
    });
  });

  it("have the standard error of the mean", () => {
    expect(spreadOf([1, 2, 3, 4])).toMatchObject({ mean: 2.5, standard_error: expect.closeTo(0.645497, 6) });
  });
});
