import { describe, expect } from "vitest";
import { Cluster } from "./harness/cluster.js";
import { ControllerProcess } from "./harness/controller.js";
import { type EvaluationParts, writeEvaluation } from "./harness/evaluation-files.js";
import { Gate } from "./harness/gate.js";
import { allIndices, CellFolder } from "./harness/journal.js";
import { fixture } from "./harness/repository.js";
import { test } from "./harness/stage.js";

const stackTrace = /^\s+at .+:\d+/m;

const agents = { plain: { module: `${fixture("paced-agent.mjs")}#PacedAgent`, concurrency: 4 } };
const virtual = { module: "@eval/tasks#VirtualTask", concurrency: 4 };
/** Nobody listens on it: a port that only root may take. */
const nowhere = "http://localhost:1/api";

describe("the exit code of the assigner is 1", () => {
  test("when the task fails for a sample, at its start or later", async ({ stage }) => {
    const parameters = { samples: 12, start_fail_every: 4, fail_every: 3 };
    const cluster = await Cluster.start(stage, { agents, tasks: { virtual: { ...virtual, parameters } } });
    const run = cluster.assign();

    expect(await run.ends(), run.report).toEqual({ code: 1, signal: null });

    const folder = new CellFolder(cluster.files.output, "plain", "virtual");
    expect(folder.indices()).toEqual([0, 1, 3, 4, 6, 7, 9, 10].filter((index) => (index + 1) % 4 !== 0));
    const failures = folder.failures().sort((one, other) => one.index - other.index);
    expect(failures.map(({ index }) => index)).toEqual([2, 3, 5, 7, 8, 11]);
    for (const { index, error, info, output } of failures) {
      expect(error).toBe("TASK_ERROR");
      expect(output).toMatchObject({ index, status: "task error" });
      expect(`${info} ${output?.result}`).toMatch(new RegExp(`Sample ${index} fails`));
    }
    expect(run.stdout).toMatch(/plain *│ virtual *│ *6 │ *6 │ *0 │/);
    expect(run.stderr).not.toMatch(stackTrace);
  });

  test("when the agent fails for a sample; the next launch runs only the failed samples", async ({ stage }) => {
    const refusing = { module: agents.plain.module, parameters: { refuses: "Sample 1," }, concurrency: 4 };
    const tasks = { virtual: { ...virtual, parameters: { samples: 5 } } };
    const cluster = await Cluster.start(stage, { agents: { plain: refusing }, tasks });
    const run = cluster.assign();
    expect(await run.ends(), run.report).toEqual({ code: 1, signal: null });
    const folder = new CellFolder(cluster.files.output, "plain", "virtual");
    expect(folder.failures()).toMatchObject([{ index: 1, error: "AGENT_FAILED", info: /refused: Sample 1,/ }]);
    await cluster.controller.untilIdle("virtual");

    writeEvaluation(stage, { controller: cluster.controller.address, agents, tasks });
    const next = cluster.assign();

    expect(await next.ends(), next.report).toEqual({ code: 0, signal: null });
    expect(folder.indices()).toEqual(allIndices(5));
    expect(folder.failures()).toHaveLength(1);
  });
});

describe("the exit code of the assigner is 2", () => {
  const parts: EvaluationParts = { controller: nowhere, agents, tasks: { virtual } };

  test("for a missing file, with an example of one", async ({ stage }) => {
    const run = stage.start("assigner", ["--config", stage.path("none.yaml")]);
    expect(await run.ends(), run.report).toEqual({ code: 2, signal: null });
    expect(run.stderr).toContain("none.yaml");
    expect(run.stderr).toContain("assignments:");
    expect(run.stderr).not.toMatch(stackTrace);
  });

  test("for problems in a file, all reported together", async ({ stage }) => {
    const file = stage.write("broken.yaml", {
      definition: { agent: { plain: agents.plain }, task: {} },
      concurrency: { agent: { plain: 0 } },
      assignments: [{ agent: "plain", task: "unknown" }],
    });
    const run = stage.start("assigner", ["--config", file]);
    expect(await run.ends(), run.report).toEqual({ code: 2, signal: null });
    expect(run.stderr).toContain("broken.yaml");
    expect(run.stderr).toContain("concurrency.agent.plain");
    expect(run.stderr).toContain("task unknown is not defined");
    expect(run.stderr).not.toMatch(stackTrace);
  });

  test("for an agent that cannot be loaded, before waiting for anything", async ({ stage }) => {
    const files = writeEvaluation(stage, { ...parts, agents: { gone: { module: "./gone.mjs", concurrency: 1 } } });
    const run = stage.start("assigner", ["--config", files.assignments]);
    expect(await run.ends(), run.report).toEqual({ code: 2, signal: null });
    expect(run.stderr).toMatch(/agent gone: .*gone\.mjs/);
    expect(run.stderr).not.toMatch(stackTrace);
  });
});

describe("the exit code of the assigner is 3", () => {
  const flags = ["--wait-for-workers", "1"];

  test("when no controller answers", async ({ stage }) => {
    const files = writeEvaluation(stage, { controller: nowhere, agents, tasks: { virtual } });
    const run = stage.start("assigner", ["--config", files.assignments, ...flags]);
    expect(await run.ends(), run.report).toEqual({ code: 3, signal: null });
    expect(run.stderr).toMatch(/virtual: .*localhost:1\b/);
    expect(run.stderr).toContain("--wait-for-workers");
    expect(run.stderr).not.toMatch(stackTrace);
  });

  test("when the controller has no worker for a task", async ({ stage }) => {
    const controller = await ControllerProcess.start(stage);
    const files = writeEvaluation(stage, { controller: controller.address, agents, tasks: { virtual } });
    const run = stage.start("assigner", ["--config", files.assignments, ...flags]);
    expect(await run.ends(), run.report).toEqual({ code: 3, signal: null });
    expect(run.stderr).toContain(`no worker of virtual is registered at ${controller.address}`);
    expect(run.stderr).not.toMatch(stackTrace);
  });

  test("when the last worker leaves during the run", async ({ stage }) => {
    const gate = new Gate(stage);
    gate.holdFrom(20);
    const slow = { ...agents.plain, parameters: { gate: gate.file } };
    const cluster = await Cluster.start(stage, {
      agents: { plain: slow },
      tasks: { virtual: { ...virtual, parameters: { samples: 200 } } },
      workerFlags: ["--heartbeat", "1"],
      controllerFlags: ["--coma-after", "3"],
    });
    const run = cluster.assign(flags);
    await run.wrote(/0\/200 done/);
    await cluster.controller.untilWorkers("virtual", 1);
    await cluster.workers[0]?.kill();
    gate.open();
    expect(await run.ends(), run.report).toEqual({ code: 3, signal: null });
    expect(run.stdout).toMatch(/virtual: no worker is registered at its controller; \d+ samples are left/);
  });
});
