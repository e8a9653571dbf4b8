import type { Json, TaskOutput } from "@eval/protocol/task";
import { expect, it } from "vitest";
import { stream } from "../testing/scripted-session.js";
import type { DBBenchSample } from "./data-set.js";
import { calculateOverall } from "./overall.js";

const table = { table_name: "t", table_info: { columns: [{ name: "a" }], rows: [] } };

function sample(kind: string, expected: string): DBBenchSample {
  return { description: "", add_description: "", type: [kind], table, label: [expected], answer_md5: expected };
}

function output(index: number, result: Json): TaskOutput {
  return { index, status: "completed", result, history: null };
}

const samples = [sample("counting", "2"), sample("other", "x"), sample("INSERT", "[('f',)]"), sample("MERGE", "y")];

it("gives the accuracy of each kind and category, and the mean of the categories that occur", async () => {
  // Nothing but `answer` is read, so that results of v0.2 count too.
  const outputs = [
    output(0, { answer: "['2.0']" }),
    output(1, null),
    output(2, { answer: "[('f',)]", type: "INSERT" }),
  ];
  const overall = await calculateOverall(samples, stream([...outputs, output(3, { answer: null })]));
  expect(overall).toEqual({
    other_accuracy: 0,
    counting_accuracy: 1,
    comparison_accuracy: null,
    ranking_accuracy: null,
    "aggregation-SUM_accuracy": null,
    "aggregation-MIN_accuracy": null,
    "aggregation-MAX_accuracy": null,
    "aggregation-AVG_accuracy": null,
    SELECT_accuracy: 1 / 3,
    INSERT_accuracy: 1,
    UPDATE_accuracy: null,
    MERGE_accuracy: 0,
    overall_cat_accuracy: (1 / 3 + 1) / 2,
    metric: "overall_cat_accuracy",
  });
});

it("has no NaN if nothing was counted", async () => {
  expect(await calculateOverall(samples, stream([]))).toMatchObject({ overall_cat_accuracy: null });
});
