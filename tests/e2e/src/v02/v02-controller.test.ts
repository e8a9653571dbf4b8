import { waitFor } from "@eval/protocol/testing";
import { describe, expect, onTestFinished } from "vitest";
import { writeEvaluation } from "../harness/evaluation-files.js";
import { readInFlightLog } from "../harness/in-flight-log.js";
import { allIndices, CellFolder } from "../harness/journal.js";
import { fixture } from "../harness/repository.js";
import { type Stage, test } from "../harness/stage.js";
import { V02Controller, type V02ControllerOptions } from "./v02-controller.js";

const samples = 40;

const workerFlags = ["--port", "0", "--heartbeat", "1", "--session-expire", "1", "--drain-timeout", "1"];

async function stageOf(stage: Stage, options: V02ControllerOptions & { workers?: number } = {}) {
  const controller = await V02Controller.start(options);
  onTestFinished(() => controller.stop());
  const log = stage.path("task.log");
  const { tasks, assignments, output } = writeEvaluation(stage, {
    controller: controller.address,
    agents: {
      plain: {
        module: `${fixture("paced-agent.mjs")}#PacedAgent`,
        parameters: { delay_ms: 10 },
        concurrency: 8,
      },
    },
    tasks: {
      noting: {
        module: `${fixture("noting-task.mjs")}#NotingTask`,
        parameters: { samples, concurrency: 3, delay_ms: 5, log },
        concurrency: 20,
      },
    },
  });
  const workers = Array.from({ length: options.workers ?? 2 }, () =>
    stage.start("worker", ["noting", "-c", tasks, "-C", controller.address, ...workerFlags]),
  );
  await waitFor(() => controller.workers("noting").length === workers.length, { what: "the workers' registration" });
  return { controller, workers, assignments, log, cell: new CellFolder(output, "plain", "noting") };
}

describe("a controller of v0.2 with our workers and our assigner", () => {
  test("routes a whole evaluation, although it rejects starts below the capacity that it reports", async ({
    stage,
  }) => {
    const { controller, assignments, cell, log } = await stageOf(stage, { refuseEvery: 5 });

    const run = stage.start("assigner", ["-c", assignments]);

    expect(await run.ends(), run.report).toEqual({ code: 0, signal: null });
    expect(cell.indices()).toEqual(allIndices(samples));
    expect(cell.failures()).toEqual([]);
    expect(controller.most).toBeLessThanOrEqual(6);
    expect(readInFlightLog(log)).toMatchObject({ starts: samples, ends: samples });
    expect(controller.sessions.size).toBe(0);
    expect(controller.workers("noting").map(({ current }) => current)).toEqual([0, 0]);
  });

  test("that forgets sessions costs their attempts, but no slot is lost permanently", async ({ stage }) => {
    const { workers, assignments, cell } = await stageOf(stage, { forgetful: 8 });
    const run = stage.start("assigner", ["-c", assignments, "--auto-retry"]);

    expect(await run.ends(), run.report).toEqual({ code: 0, signal: null });
    expect(cell.indices()).toEqual(allIndices(samples));
    expect(cell.failures().map(({ error }) => error)).toEqual(Array(8).fill("INTERACT_FAILED"));
    const said = () => workers.map(({ stderr }) => stderr).join();
    await waitFor(() => said().includes("no further turn arrived"), { what: "a worker to end what was forgotten" });
  });

  test("that hangs, as it does when a worker dies, is waited for only as long as configured", async ({ stage }) => {
    const { controller, assignments, cell } = await stageOf(stage, { hangAfter: 6 });
    const flags = ["--sample-timeout", "3", "--wait-for-workers", "3", "--lease", "5"];
    const run = stage.start("assigner", ["-c", assignments, ...flags]);

    await waitFor(() => cell.count() >= 6 && controller.hanging > 0, { what: "a request that hangs" });

    const ended = await run.ends();
    expect(ended.code, run.report).not.toBe(0);
    expect(ended.signal).toBeNull();
    expect(run.stdout).toContain("samples are left");
    // What it was busy with is lost, and no more than that again.
    expect(cell.failures().length).toBeLessThanOrEqual(16);
    expect(new Set(cell.indices()).size).toBe(cell.indices().length);
  });

  test("that hangs does not delay an interruption or the end of a worker", async ({ stage }) => {
    const { controller, workers, assignments, cell } = await stageOf(stage, { hangAfter: 6 });
    const run = stage.start("assigner", ["-c", assignments]);
    await waitFor(() => cell.count() >= 6 && controller.hanging > 0, { what: "a request that hangs" });

    run.signal("SIGINT");

    expect(await run.ends(), run.report).toEqual({ code: 130, signal: null });
    for (const worker of workers) worker.signal("SIGTERM");
    for (const worker of workers) expect((await worker.ends()).signal, worker.report).toBeNull();
  });
});
