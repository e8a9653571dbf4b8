import { setTimeout as sleep } from "node:timers/promises";
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

async function stageOf(stage: Stage, options: V02ControllerOptions & { agentMs?: number; workers?: number } = {}) {
  const controller = await V02Controller.start(options);
  onTestFinished(() => controller.stop());
  const log = stage.path("task.log");
  const { tasks, assignments, output } = writeEvaluation(stage, {
    controller: controller.address,
    agents: {
      plain: {
        module: `${fixture("paced-agent.mjs")}#PacedAgent`,
        parameters: { delay_ms: options.agentMs ?? 10 },
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
  test("routes a whole evaluation, although it refuses starts under the capacity that it shows", async ({ stage }) => {
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

  test("that forgets sessions costs their attempts, and no slot for ever", async ({ stage }) => {
    const { controller, workers, assignments, cell } = await stageOf(stage, { agentMs: 20 });
    const run = stage.start("assigner", ["-c", assignments, "--auto-retry"]);

    for (let left = 8; left > 0; left--) {
      const session = await waitFor(() => [...controller.sessions.values()][0], { what: "a session" });
      session.last_update = 0;
      await waitFor(() => ![...controller.sessions.values()].includes(session), { what: "its end" });
    }

    expect(await run.ends(), run.report).toEqual({ code: 0, signal: null });
    expect(cell.indices()).toEqual(allIndices(samples));
    expect(cell.failures().map(({ error }) => error)).toContain("INTERACT_FAILED");
    expect(workers.map(({ stderr }) => stderr).join()).toContain("no turn came any more");
  });

  test("that hangs, as it does when a worker dies, is not waited for any longer than was said", async ({ stage }) => {
    const { controller, assignments, cell } = await stageOf(stage, { agentMs: 100 });
    const flags = ["--sample-timeout", "3", "--wait-for-workers", "3", "--lease", "5"];
    const run = stage.start("assigner", ["-c", assignments, ...flags]);
    await waitFor(() => cell.count() >= 6, { what: "some results" });

    controller.hang();

    const ended = await run.ends(40_000);
    expect(ended.code, run.report).not.toBe(0);
    expect(ended.signal).toBeNull();
    expect(run.stdout).toContain("samples are left");
    // What it was busy with is lost, and no more than that again.
    expect(cell.failures().length).toBeLessThanOrEqual(16);
    expect(new Set(cell.indices()).size).toBe(cell.indices().length);
  });

  test("that hangs does not hold up an interruption, nor the end of a worker", async ({ stage }) => {
    const { controller, workers, assignments, cell } = await stageOf(stage, { agentMs: 100 });
    const run = stage.start("assigner", ["-c", assignments]);
    await waitFor(() => cell.count() >= 6, { what: "some results" });

    controller.hang();
    await sleep(200);
    run.signal("SIGINT");

    expect(await run.ends(20_000), run.report).toEqual({ code: 130, signal: null });
    for (const worker of workers) worker.signal("SIGTERM");
    for (const worker of workers) expect((await worker.ends(50_000)).signal, worker.report).toBeNull();
  });
});
