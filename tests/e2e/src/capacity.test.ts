import { waitFor } from "@eval/protocol/testing";
import { describe, expect } from "vitest";
import { Cluster } from "./harness/cluster.js";
import { Gate } from "./harness/gate.js";
import { readInFlightLog } from "./harness/in-flight-log.js";
import { allIndices, CellFolder } from "./harness/journal.js";
import { fixture } from "./harness/repository.js";
import { leastSpanMs, measureSlotUse } from "./harness/slot-use.js";
import { type Stage, test } from "./harness/stage.js";

/** Two agents with two tasks; every part notes what it has in flight. `workers`: of each task. */
async function run(stage: Stage, capacity: { agent: number; task: number; worker: number; workers: number }) {
  const samples = 40;
  const agent = (name: string) => ({
    module: `${fixture("paced-agent.mjs")}#PacedAgent`,
    parameters: { delay_ms: 20, log: stage.path(`${name}.log`) },
    concurrency: capacity.agent,
  });
  const task = (name: string) => ({
    module: `${fixture("noting-task.mjs")}#NotingTask`,
    parameters: { samples, delay_ms: 20, concurrency: capacity.worker, log: stage.path(`${name}.log`) },
    concurrency: capacity.task,
  });
  const cluster = await Cluster.start(stage, {
    agents: { first: agent("first"), second: agent("second") },
    tasks: { one: task("one"), two: task("two") },
    workers: { one: capacity.workers, two: capacity.workers },
  });
  const assigner = cluster.assign();
  expect(await assigner.ends(), assigner.report).toEqual({ code: 0, signal: null });
  for (const name of ["first", "second"]) {
    const folders = ["one", "two"].map((other) => new CellFolder(cluster.files.output, name, other));
    for (const folder of folders) expect(folder.indices()).toEqual(allIndices(samples));
  }
  const agents = ["first", "second"].map((name) => readInFlightLog(stage.path(`${name}.log`)));
  const tasks = ["one", "two"].map((name) => readInFlightLog(stage.path(`${name}.log`)));
  for (const log of [...agents, ...tasks]) expect(log).toMatchObject({ starts: 2 * samples, ends: 2 * samples });
  return { agents, tasks };
}

describe("capacities are never exceeded", () => {
  test("when the agents are the bottleneck", async ({ stage }) => {
    const { agents } = await run(stage, { agent: 3, task: 20, worker: 20, workers: 1 });
    for (const { most } of agents) expect(most).toBeLessThanOrEqual(3);
  });

  test("when the configuration allows less than the capacity of the workers", async ({ stage }) => {
    const { tasks } = await run(stage, { agent: 20, task: 5, worker: 20, workers: 2 });
    for (const { most } of tasks) expect(most).toBeLessThanOrEqual(5);
  });

  test("when the capacity of the workers is below the configured limit", async ({ stage }) => {
    const { tasks } = await run(stage, { agent: 20, task: 20, worker: 2, workers: 2 });
    for (const { mostByProcess } of tasks) {
      expect(mostByProcess.size).toBe(2);
      expect(Math.max(...mostByProcess.values())).toBeLessThanOrEqual(2);
    }
  });
});

describe("capacities are used", () => {
  test("300 samples with 20 in flight take little longer than their slots are used: no slot waits for a poll", async ({
    stage,
  }) => {
    const log = stage.path("agent.log");
    const gate = new Gate(stage);
    const parameters = { delay_ms: 100, log, gate: gate.file };
    const agent = { module: `${fixture("paced-agent.mjs")}#PacedAgent`, parameters };
    const cluster = await Cluster.start(stage, {
      agents: { paced: { ...agent, concurrency: 20 } },
      tasks: {
        virtual: { module: "@eval/tasks#VirtualTask", parameters: { samples: 300, concurrency: 20 }, concurrency: 20 },
      },
    });
    gate.holdFrom(0);
    const measuring = measureSlotUse(cluster.files.assignments);
    await waitFor(() => readInFlightLog(log).most === 20, { what: "20 samples at once" });
    gate.open();

    const use = await measuring;

    expect(readInFlightLog(log).most).toBe(20);
    expect(use.spanMs / leastSpanMs(use, { paced: 20 })).toBeLessThan(1.5);
  });
});
