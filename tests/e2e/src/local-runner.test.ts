import { readFileSync } from "node:fs";
import { expect } from "vitest";
import { writeEvaluation } from "./harness/evaluation-files.js";
import { readInFlightLog } from "./harness/in-flight-log.js";
import { allIndices, CellFolder } from "./harness/journal.js";
import { fixture } from "./harness/repository.js";
import { test } from "./harness/stage.js";

test("--in-process: tasks run without a controller, in the agents' process, one sample after another, in order", async ({
  stage,
}) => {
  const samples = 8;
  const log = stage.path("agents.log");
  const agent = { module: fixture("paced-agent.mjs#PacedAgent"), parameters: { delay_ms: 2, log }, concurrency: 9 };
  const task = (name: string) => ({
    module: fixture("noting-task.mjs#NotingTask"),
    parameters: { samples, concurrency: 9, log: stage.path(`${name}.log`) },
    concurrency: 9,
  });
  const { assignments, tasks, output } = writeEvaluation(stage, {
    controller: "http://127.0.0.1:9/api",
    agents: { one: agent, two: agent },
    tasks: { s: task("s"), t: task("t") },
  });

  const run = stage.start("assigner", ["-c", assignments, "--in-process", tasks]);

  expect(await run.ends(), run.report).toEqual({ code: 0, signal: null });
  const cells = ["one", "two"].flatMap((name) => ["s", "t"].map((other) => new CellFolder(output, name, other)));
  for (const cell of cells) {
    expect(cell.results().map(({ index }) => index)).toEqual(allIndices(samples));
    expect(JSON.parse(readFileSync(cell.overall, "utf8")).custom).toEqual({ count: samples });
  }
  const ends = cells.flatMap((cell) => cell.results().map(({ time }) => time.timestamp));
  expect(ends).toEqual(ends.toSorted((one, other) => one - other));
  const logs = [log, stage.path("s.log"), stage.path("t.log")].map(readInFlightLog);
  for (const { most, mostByProcess } of logs) {
    expect(most).toBe(1);
    expect([...mostByProcess.keys()]).toEqual([String(run.pid)]);
  }
});

test("--in-process: an interruption ends the run even if an agent never answers", async ({ stage }) => {
  const parts = {
    agents: { a: { module: fixture("silent-agent.mjs#SilentAgent"), concurrency: 1 } },
    tasks: { t: { module: "@eval/tasks#VirtualTask", parameters: { samples: 3 }, concurrency: 1 } },
  };
  const files = writeEvaluation(stage, { controller: "http://127.0.0.1:9/api", ...parts });
  const run = stage.start("assigner", ["-c", files.assignments, "--in-process", files.tasks]);
  await run.wrote(/0\/3 done, 0 failed, 1 in flight/);
  run.signal("SIGINT");
  expect(await run.ends(), run.report).toEqual({ code: 130, signal: null });
  expect(new CellFolder(files.output, "a", "t").failures()).toEqual([]);
});

test("--in-process: a start that takes too long affects only its own sample", async ({ stage }) => {
  const stuck = { samples: 3, concurrency: 1, slow_at_start: [0] };
  const files = writeEvaluation(stage, {
    controller: "http://127.0.0.1:9/api",
    agents: { a: { module: fixture("stuck-agent.mjs#StuckAgent"), parameters: { stuck_at: [] }, concurrency: 1 } },
    tasks: { t: { module: fixture("stuck-task.mjs#StuckTask"), parameters: stuck, concurrency: 1 } },
  });
  const flags = ["-c", files.assignments, "--in-process", files.tasks, "--sample-timeout", "3"];
  const run = stage.start("assigner", flags);
  expect(await run.ends(), run.report).toEqual({ code: 1, signal: null });
  const folder = new CellFolder(files.output, "a", "t");
  expect(folder.indices()).toEqual([1, 2]);
  expect(folder.failures()).toMatchObject([{ index: 0, error: "SAMPLE_TIMEOUT" }]);
});
