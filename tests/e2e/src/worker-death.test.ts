import { workerLiveness } from "@eval/protocol";
import { waitFor } from "@eval/protocol/testing";
import { describe, expect } from "vitest";
import { Cluster } from "./harness/cluster.js";
import { allIndices, CellFolder } from "./harness/journal.js";
import type { OwnedProcess } from "./harness/owned-process.js";
import { fixture } from "./harness/repository.js";
import { type Stage, test } from "./harness/stage.js";

const samples = 40;

/** Two workers under load, of which the first is killed once some results are there. */
async function killOneOfTwo(stage: Stage, flags: string[]) {
  const module = `${fixture("paced-agent.mjs")}#PacedAgent`;
  const cluster = await Cluster.start(stage, {
    agents: { slow: { module, parameters: { delay_ms: 100 }, concurrency: 8 } },
    tasks: {
      virtual: {
        module: "@eval/tasks#VirtualTask",
        parameters: { samples, rounds: 2, concurrency: 4 },
        concurrency: 8,
      },
    },
    workers: { virtual: 2 },
    workerFlags: ["--heartbeat", "1"],
    controllerFlags: ["--coma-after", "3", "--forget-after", "6"],
  });
  const folder = new CellFolder(cluster.files.output, "slow", "virtual");
  const run = cluster.assign(flags);
  await waitFor(() => folder.count() >= 4, { what: "4 results", deadlineMs: 20_000 });
  await untilBothWork(cluster);
  await (cluster.workers[0] as OwnedProcess).kill();
  return { cluster, folder, run };
}

async function untilBothWork({ controller }: Cluster): Promise<void> {
  const areBusy = async () => (await controller.workers("virtual")).every(({ current }) => current > 0);
  await waitFor(areBusy, { what: "samples on both workers" });
}

describe("a worker that is killed with -9 while another one lives", () => {
  test("costs the samples it ran, which are written down with the reason", async ({ stage }) => {
    const { cluster, folder, run } = await killOneOfTwo(stage, []);

    expect(await run.ends(30_000), run.report).toEqual({ code: 1, signal: null });

    const failures = folder.failures();
    expect(failures.length).toBeGreaterThan(0);
    expect(failures.length).toBeLessThanOrEqual(8);
    for (const { error, info } of failures) {
      expect(["INTERACT_FAILED", "START_FAILED", "NETWORK_ERROR"]).toContain(error);
      expect(info).toMatch(/\S/);
    }
    const ended = [...folder.indices(), ...failures.map(({ index }) => index)];
    expect(ended.sort((one, other) => one - other)).toEqual(allIndices(samples));
    expect(run.stdout).toMatch(/error\.jsonl/);
    await untilForgotten(cluster);
  });

  test("costs nothing with --auto-retry", async ({ stage }) => {
    const { cluster, folder, run } = await killOneOfTwo(stage, ["--auto-retry"]);

    expect(await run.ends(30_000), run.report).toEqual({ code: 0, signal: null });

    expect(folder.indices()).toEqual(allIndices(samples));
    expect(folder.failures().length).toBeGreaterThan(0);
    await untilForgotten(cluster);
  });
});

/** The dead one holds its sessions until it is given up; the living one must have lost nothing. */
async function untilForgotten({ controller }: Cluster): Promise<void> {
  const alive = (await controller.workers("virtual")).filter(({ status }) => status === workerLiveness.alive);
  expect(alive.map(({ capacity }) => capacity)).toContain(4);
  await controller.untilIdle("virtual", 20_000);
}
