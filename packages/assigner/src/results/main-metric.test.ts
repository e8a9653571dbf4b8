import { describe, expect, test } from "vitest";
import { mainMetric } from "./main-metric.js";

describe("the main metric", () => {
  test.each([
    [
      { metric: "f1", f1: 0.5, overall_cat_accuracy: 1 },
      { name: "f1", value: 0.5 },
    ],
    [
      { metric: "all.f1", all: { f1: 2 } },
      { name: "all.f1", value: 2 },
    ],
    [
      { metric: "gone", overall_cat_accuracy: 0 },
      { name: "overall_cat_accuracy", value: 0 },
    ],
    [{ overall: { total: 3, acc: 0.25 } }, { name: "overall.acc", value: 0.25 }],
    [{ accuracy: "high" }, undefined],
    [null, undefined],
    [[1], undefined],
    [7, undefined],
  ])("of %j", (custom, metric) => {
    expect(mainMetric("mine", custom)).toEqual(metric);
  });

  test.each([
    ["os-std", { overall: { acc: 0.5 }, accuracy: 1 }, { name: "overall.acc", value: 0.5 }],
    ["DBBench-dev", { overall_cat_accuracy: 0.5 }, { name: "overall_cat_accuracy", value: 0.5 }],
    ["kg", { main: 0.5, accuracy: 1 }, { name: "main", value: 0.5 }],
    ["cg-dev", { score: 0.5, win_rate: 1 }, { name: "score", value: 0.5 }],
    ["card_game", { win_rate: 0.25 }, { name: "win_rate", value: 0.25 }],
    ["ltp", { main: 0.5 }, { name: "main", value: 0.5 }],
    ["alfworld-std", { overall: { success_rate: 0.5, acc: 1 } }, { name: "overall.success_rate", value: 0.5 }],
    ["webshop", { reward: 0.5, success_rate: 1 }, { name: "reward", value: 0.5 }],
    ["mind2web", { step_sr: 12.5 }, { name: "step_sr", value: 0.125 }],
    ["mind2web", { step_sr: 12.5, metric: "own", own: 3 }, { name: "own", value: 3 }],
    ["oscar", { accuracy: 0.5 }, { name: "accuracy", value: 0.5 }],
  ])("of %s with %j", (task, custom, metric) => {
    expect(mainMetric(task, custom)).toEqual(metric);
  });
});
