import { readFileSync } from "node:fs";
import { waitFor } from "@eval/protocol/testing";
import { describe, expect, onTestFinished } from "vitest";
import { ControllerProcess } from "../harness/controller.js";
import { writeEvaluation } from "../harness/evaluation-files.js";
import { Gate } from "../harness/gate.js";
import { allIndices, CellFolder } from "../harness/journal.js";
import { fixture } from "../harness/repository.js";
import { type Stage, test } from "../harness/stage.js";
import { V02Worker, type V02WorkerOptions } from "./v02-worker.js";

const samples = 40;

async function workerAt(controller: string, options: Partial<V02WorkerOptions> = {}): Promise<V02Worker> {
  const worker = new V02Worker({ name: "old", samples, concurrency: 4, rounds: 3, turnMs: 5, ...options });
  onTestFinished(() => worker.stop());
  await worker.start(controller);
  return worker;
}

function evaluation(stage: Stage, controller: string) {
  const gate = new Gate(stage);
  const agent = { module: `${fixture("paced-agent.mjs")}#PacedAgent`, parameters: { gate: gate.file } };
  const { assignments, output } = writeEvaluation(stage, {
    controller,
    agents: { plain: { ...agent, concurrency: 10 } },
    tasks: { old: { module: "unused", concurrency: 20 } },
  });
  return { assignments, gate, cell: new CellFolder(output, "plain", "old") };
}

describe("workers of v0.2 with our controller and our assigner", () => {
  test("serve a whole evaluation, get only fields that they know, and never get more samples than their capacity", async ({
    stage,
  }) => {
    const controller = await ControllerProcess.start(stage);
    const workers = [
      await workerAt(controller.address),
      await workerAt(controller.address, { concurrency: 2, raises: allIndices(samples) }),
    ];
    const { assignments, gate, cell } = evaluation(stage, controller.address);
    const mostOfThem = () => workers.map(({ most }) => most);

    gate.holdFrom(0);
    const run = stage.start("assigner", ["-c", assignments, "--auto-retry", "--max-attempts", "40"]);
    await waitFor(() => mostOfThem().join() === "4,2", { what: "as many samples on both workers as they take" });
    gate.open();

    expect(await run.ends(), run.report).toEqual({ code: 0, signal: null });
    expect(cell.indices()).toEqual(allIndices(samples));
    for (const { index, output } of cell.results()) {
      const { status, result, history } = output ?? {};
      expect({ index, status, result }).toEqual({ index, status: "completed", result: "heard: Go on" });
      expect(history).toHaveLength(6);
    }
    // The second worker's task raises once for each index; what it said then is kept.
    expect(cell.failures().length).toBeGreaterThan(0);
    for (const { error, output } of cell.failures()) {
      expect({ error, status: output?.status, result: output?.result }).toEqual({
        error: "TASK_ERROR",
        status: "task error",
        result: "Traceback: boom",
      });
    }
    expect(JSON.parse(readFileSync(cell.overall, "utf8"))).toMatchObject({
      total: samples,
      custom: { count: samples },
    });
    await controller.untilIdle("old");
    expect(mostOfThem()).toEqual([4, 2]);
    const keys: Record<string, string[]> = {
      start_sample: ["index", "session_id"],
      interact: ["agent_response", "session_id"],
      calculate_overall: ["name", "results"],
    };
    for (const { route, body } of workers.flatMap(({ received }) => received)) {
      expect(Object.keys(body).sort(), route).toEqual(keys[route]);
    }
  });

  test("may die during a run: their samples go to another worker, and nothing is lost", async ({ stage }) => {
    const controller = await ControllerProcess.start(stage);
    const first = await workerAt(controller.address);
    const { assignments, gate, cell } = evaluation(stage, controller.address);
    gate.holdFrom(4);
    const run = stage.start("assigner", ["-c", assignments, "--auto-retry"]);
    await waitFor(() => cell.count() >= 4, { what: "some results" });

    first.stop();
    const second = await workerAt(controller.address);
    gate.open();

    expect(await run.ends(), run.report).toEqual({ code: 0, signal: null });
    expect(cell.indices()).toEqual(allIndices(samples));
    expect(second.sessions).toBe(0);
  });
});
