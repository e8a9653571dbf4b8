import { readFileSync } from "node:fs";
import { describe, expect } from "vitest";
import { ControllerProcess } from "./harness/controller.js";
import { writeEvaluation } from "./harness/evaluation-files.js";
import { allIndices, CellFolder } from "./harness/journal.js";
import {
  developmentData,
  missingDevelopmentData,
  missingMysql,
  mysqlAddress,
  skipBecause,
} from "./harness/requirements.js";
import { type Stage, test } from "./harness/stage.js";

const samples = 60;

/** start-task brings up a controller and two workers on free ports; resolves with the controller's address. */
async function startTask(stage: Stage, database: string): Promise<string> {
  const parameters = { data_file: developmentData, database, allow_privileged: true, concurrency: 8, max_round: 15 };
  const config = stage.write("start_task.yaml", {
    definition: { dbbench: { module: "@eval/tasks#DBBench", parameters } },
    start: { dbbench: 2 },
  });
  const flags = ["--auto-controller", "--controller", "http://localhost:0/api", "--base-port", "0"];
  const running = stage.start("start-task", ["--config", config, ...flags]);
  const [, address = ""] = await running.wrote(/All 2 workers are registered at (http:\S+\/api)/);
  return address;
}

async function solve(stage: Stage, database: string): Promise<void> {
  const controller = await startTask(stage, database);
  const reference = { module: "@eval/tasks#DBBenchReferenceAgent", parameters: { data_file: developmentData } };
  const { assignments, output } = writeEvaluation(stage, {
    controller,
    agents: { reference: { ...reference, concurrency: 12 } },
    tasks: { dbbench: { module: "@eval/tasks#DBBench", concurrency: 12 } },
  });
  const run = stage.start("assigner", ["--config", assignments]);

  expect(await run.ends(), run.report).toEqual({ code: 0, signal: null });

  const folder = new CellFolder(output, "reference", "dbbench");
  expect(folder.failures()).toEqual([]);
  expect(folder.indices()).toEqual(allIndices(samples));
  const { total, validation, custom } = JSON.parse(readFileSync(folder.overall, "utf8"));
  expect(total).toBe(samples);
  expect(validation.completed).toBe(1);
  const { metric, ...shares } = custom;
  expect(metric).toBe("overall_cat_accuracy");
  expect(shares).toMatchObject({ SELECT_accuracy: 1, INSERT_accuracy: 1, UPDATE_accuracy: 1, overall_cat_accuracy: 1 });
  expect(Object.values(shares)).toEqual(Object.values(shares).map(() => 1));
}

const noData = skipBecause(missingDevelopmentData());
const noServer = noData || skipBecause(await missingMysql());

describe("the published development split, by start-task and the reference agent", () => {
  test.skipIf(noData)("is solved on SQLite, every sample and every category", ({ stage }) => solve(stage, "sqlite"));
  test.skipIf(noServer)("is solved on a database server as well", ({ stage }) => solve(stage, mysqlAddress));
});

describe("start-task with a controller that is already running", () => {
  test("registers its workers there, and stops them on SIGTERM", async ({ stage }) => {
    const controller = await ControllerProcess.start(stage);
    const flags = ["--start", "virtual", "2", "--base-port", "0", "--controller", controller.address];
    const running = stage.start("start-task", flags);
    await controller.untilWorkers("virtual", 2);

    running.signal("SIGTERM");

    expect(await running.ends(), running.report).toEqual({ code: 0, signal: null });
    expect(stage.running).toHaveLength(1);
  });
});
