import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { Cluster } from "./harness/cluster.js";
import { writeEvaluation } from "./harness/evaluation-files.js";
import { CellFolder } from "./harness/journal.js";
import { fixture } from "./harness/repository.js";
import { test } from "./harness/stage.js";

const agents = {
  a: { module: fixture("paced-agent.mjs#PacedAgent"), parameters: { refuses: "Sample 7" }, concurrency: 3 },
};

const planOf = (output: string) => JSON.parse(readFileSync(join(output, "plan.json"), "utf8"));

test("reports what would run, what would not, and why, and runs nothing", async ({ stage }) => {
  const task = {
    module: fixture("noting-task.mjs#NotingTask"),
    parameters: { samples: 20, concurrency: 5, log: stage.path("task.log") },
    concurrency: 4,
  };
  const cluster = await Cluster.start(stage, { agents, tasks: { t: task } });
  const { output } = cluster.files;
  const run = async (code: number, ...flags: string[]) => {
    const assigner = cluster.assign(flags);
    expect(await assigner.ends(), assigner.report).toEqual({ code, signal: null });
    return assigner;
  };

  const first = await run(0, "--runner", "dummy");
  expect(first.stdout).toMatch(/a\s+│ t\s+│\s+20 │\s+0 │\s+0 │\s+20 │/);
  expect(planOf(output)).toMatchObject({
    assignments: [{ agent: "a", task: "t", total: 20, done: 0, remaining: 20, excluded: [], why: null }],
    capacity: { agent: { a: 3 }, task: { t: { configured: 4, workers: 1, free: 5 } } },
  });
  expect(existsSync(join(output, "config.yaml"))).toBe(true);
  const folder = new CellFolder(output, "a", "t");
  expect(folder.count()).toBe(0);

  await run(1);
  expect(folder.count()).toBe(19);
  await run(0, "--runner", "dummy");
  expect(planOf(output).assignments).toMatchObject([
    { done: 19, remaining: 1, excluded: [{ reason: "done", count: 19 }] },
  ]);

  const kept = await run(0, "--runner", "dummy", "--keep-failed");
  expect(planOf(output).assignments).toMatchObject([
    {
      ...{ total: 20, done: 19, remaining: 0 },
      excluded: [
        { reason: "done", count: 19 },
        { reason: "failed before", count: 1, samples: [{ index: 7, epoch: 1 }] },
      ],
      why: "nothing is left to run: 19 of 20 samples have a result, 1 failed and are not retried",
    },
  ]);
  expect(kept.stdout).toContain("a / t: 1 samples have only failed so far, and are not retried (--keep-failed)");

  const nothing = await run(1, "--keep-failed");
  expect(nothing.stderr).toMatch(/Nothing is left to run: 19 of 20 .* 1 failed.*--runner dummy/);
});

test("plans with the known data when no controller answers, and reports unknown values as unknown", async ({
  stage,
}) => {
  const parts = { agents, tasks: { t: { module: "@eval/tasks#VirtualTask", concurrency: 4 } } };
  const { assignments, output } = writeEvaluation(stage, { controller: "http://127.0.0.1:9/api", ...parts });
  const run = stage.start("assigner", ["-c", assignments, "--runner", "dummy"]);
  expect(await run.ends(), run.report).toEqual({ code: 0, signal: null });
  expect(run.stderr).toMatch(/127\.0\.0\.1:9.*planning only from the output folder/);
  expect(planOf(output)).toMatchObject({
    assignments: [{ total: null, done: 0, remaining: null, why: expect.stringContaining("unknown") }],
    capacity: { task: { t: { workers: null, free: null } } },
  });
  rmSync(output, { recursive: true });

  const broken = { ...agents, a: { ...agents.a, module: "./nowhere.mjs" } };
  const files = writeEvaluation(stage, { controller: "http://127.0.0.1:9/api", ...parts, agents: broken });
  const invalid = stage.start("assigner", ["-c", files.assignments, "--runner", "dummy"]);
  expect(await invalid.ends(), invalid.report).toEqual({ code: 2, signal: null });
  expect(invalid.stderr).toContain("nowhere.mjs");
});
