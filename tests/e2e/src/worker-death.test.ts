import { workerLiveness } from "@eval/protocol";
import { waitFor } from "@eval/protocol/testing";
import { describe, expect } from "vitest";
import { Cluster } from "./harness/cluster.js";
import { Gate } from "./harness/gate.js";
import { allIndices, CellFolder } from "./harness/journal.js";
import type { OwnedProcess } from "./harness/owned-process.js";
import { fixture } from "./harness/repository.js";
import { type Stage, test } from "./harness/stage.js";

const samples = 40;

/** Both workers' capacity together. */
const capacity = 8;

/** Two workers with all that they can take, of which the first is killed once some results are there. */
async function killOneOfTwo(stage: Stage, flags: string[]) {
  const module = `${fixture("paced-agent.mjs")}#PacedAgent`;
  const gate = new Gate(stage);
  gate.holdFrom(samples / 2);
  const cluster = await Cluster.start(stage, {
    agents: { slow: { module, parameters: { gate: gate.file }, concurrency: capacity } },
    tasks: {
      virtual: {
        module: "@eval/tasks#VirtualTask",
        parameters: { samples, rounds: 2, concurrency: capacity / 2 },
        concurrency: capacity,
      },
    },
    workers: { virtual: 2 },
    workerFlags: ["--heartbeat", "1"],
    controllerFlags: ["--coma-after", "3", "--forget-after", "6"],
  });
  const folder = new CellFolder(cluster.files.output, "slow", "virtual");
  const run = cluster.assign(flags);
  await waitFor(() => folder.count() === samples / 2, { what: "half of the results" });
  await untilBothAreFull(cluster);
  await (cluster.workers[0] as OwnedProcess).kill();
  gate.open();
  return { cluster, folder, run };
}

async function untilBothAreFull({ controller }: Cluster): Promise<void> {
  const areFull = async () => (await controller.workers("virtual")).every(({ current }) => current === capacity / 2);
  await waitFor(areFull, { what: "as many samples on both workers as they take" });
}

describe("a worker that is killed with -9 while another one is alive", () => {
  test("causes its running samples to fail, with the reason recorded", async ({ stage }) => {
    const { cluster, folder, run } = await killOneOfTwo(stage, []);

    expect(await run.ends(), run.report).toEqual({ code: 1, signal: null });

    const failures = folder.failures();
    expect(failures.length).toBeGreaterThan(0);
    expect(failures.length).toBeLessThanOrEqual(capacity);
    for (const { error, info } of failures) {
      expect(["INTERACT_FAILED", "START_FAILED", "NETWORK_ERROR"]).toContain(error);
      expect(info).toMatch(/\S/);
    }
    const ended = [...folder.indices(), ...failures.map(({ index }) => index)];
    expect(ended.sort((one, other) => one - other)).toEqual(allIndices(samples));
    expect(run.stdout).toMatch(/error\.jsonl/);
    await untilForgotten(cluster);
  });

  test("causes no failures with --auto-retry", async ({ stage }) => {
    const { cluster, folder, run } = await killOneOfTwo(stage, ["--auto-retry"]);

    expect(await run.ends(), run.report).toEqual({ code: 0, signal: null });

    expect(folder.indices()).toEqual(allIndices(samples));
    expect(folder.failures().length).toBeGreaterThan(0);
    await untilForgotten(cluster);
  });
});

/** The dead one holds its sessions until it is given up; the living one must have lost nothing. */
async function untilForgotten({ controller }: Cluster): Promise<void> {
  const alive = (await controller.workers("virtual")).filter(({ status }) => status === workerLiveness.alive);
  expect(alive).toContainEqual(expect.objectContaining({ capacity: capacity / 2 }));
  await controller.untilIdle("virtual");
}
