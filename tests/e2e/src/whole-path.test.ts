import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect } from "vitest";
import { Cluster, type ClusterOptions } from "./harness/cluster.js";
import { allIndices, CellFolder } from "./harness/journal.js";
import { fixture } from "./harness/repository.js";
import { test } from "./harness/stage.js";

const samples: Record<string, number> = { virtual: 12, "dbbench-mini": 84 };

const evaluation: ClusterOptions = {
  agents: {
    plain: { module: `${fixture("paced-agent.mjs")}#PacedAgent`, concurrency: 8 },
    baseline: { module: "@eval/tasks#DBBenchBaselineAgent", concurrency: 8 },
  },
  tasks: {
    virtual: { module: "@eval/tasks#VirtualTask", parameters: { samples: samples.virtual, rounds: 2 }, concurrency: 8 },
    "dbbench-mini": {
      module: "@eval/tasks#DBBench",
      parameters: { data_file: "data/dbbench-mini.jsonl", concurrency: 8 },
      concurrency: 8,
    },
  },
};

const cells = Object.keys(evaluation.agents).flatMap((agent) =>
  Object.keys(evaluation.tasks).map((task) => ({ agent, task, count: samples[task] ?? 0 })),
);

/** v0.2's, in its order. */
const validationKeys = [
  ...["running", "completed", "agent context limit", "agent validation failed", "agent invalid action"],
  ...["task limit reached", "unknown", "task error"],
  ...["average_history_length", "max_history_length", "min_history_length"],
];

describe("two agents with two tasks", () => {
  test("write every result, the aggregates and the configuration, and print a table", async ({ stage }) => {
    const cluster = await Cluster.start(stage, evaluation);
    const { output } = cluster.files;

    const run = cluster.assign();
    expect(await run.ends(), run.report).toEqual({ code: 0, signal: null });

    for (const { agent, task, count } of cells) {
      const folder = new CellFolder(output, agent, task);
      expect(folder.indices()).toEqual(allIndices(count));
      expect(folder.failures()).toEqual([]);
      for (const line of folder.results()) {
        expect(Object.keys(line).slice(0, 5)).toEqual(["index", "error", "info", "output", "time"]);
        expect(Object.keys(line.output ?? {})).toEqual(["index", "status", "result", "history"]);
        expect(line).toMatchObject({ error: null, info: null, output: { index: line.index } });
        expect(Math.abs(Date.now() - line.time.timestamp)).toBeLessThan(600_000);
        expect(line.time.str).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
      }
      const overall = JSON.parse(readFileSync(folder.overall, "utf8"));
      expect(Object.keys(overall)).toEqual(["total", "validation", "custom"]);
      expect(overall.total).toBe(count);
      expect(Object.keys(overall.validation)).toEqual(validationKeys);
      expect(run.stdout).toMatch(new RegExp(`${agent} *│ ${task} *│ *${count} │ *0 │ *0 │`));
    }
    const overall = JSON.parse(readFileSync(new CellFolder(output, "plain", "virtual").overall, "utf8"));
    expect(overall).toMatchObject({ validation: { completed: 1 }, custom: { count: 12, completed_share: 1 } });
    expect(overall.validation).toMatchObject({ average_history_length: 4, max_history_length: 4 });
    expect(run.stdout).toContain(`Results: ${output}`);
    expect(run.stdout).toContain("completed_share 1");
    expect(run.stdout).toContain("overall_cat_accuracy 0.");

    const config = stage.start("protocol", ["config", join(output, "config.yaml"), "-o", "json"]);
    expect(await config.ends()).toEqual({ code: 0, signal: null });
    const { definition, concurrency } = JSON.parse(config.stdout);
    expect(concurrency.task).toEqual({ virtual: 8, "dbbench-mini": 8 });
    expect(definition.task.virtual.module).toBe("@eval/assigner#TaskClient");
  });

  test("a finished folder needs neither samples nor workers nor a controller", async ({ stage }) => {
    const cluster = await Cluster.start(stage, evaluation);
    const first = cluster.assign();
    expect(await first.ends(), first.report).toEqual({ code: 0, signal: null });
    const folders = cells.map(({ agent, task }) => new CellFolder(cluster.files.output, agent, task));
    const bytes = folders.map(({ runs }) => readFileSync(runs));
    await Promise.all([cluster.controller.kill(), ...cluster.workers.map((worker) => worker.kill())]);

    const second = cluster.assign();

    expect(await second.ends(), second.report).toEqual({ code: 0, signal: null });
    expect(folders.map(({ runs }) => readFileSync(runs))).toEqual(bytes);
    for (const { agent, task, count } of cells) {
      expect(second.stdout).toMatch(new RegExp(`${agent} *│ ${task} *│ *${count} │ *0 │ *0 │`));
    }
  });
});
