import { waitFor } from "@eval/protocol/testing";
import { describe, expect } from "vitest";
import { Cluster } from "./harness/cluster.js";
import { Gate } from "./harness/gate.js";
import { allIndices, CellFolder } from "./harness/journal.js";
import { fixture } from "./harness/repository.js";
import { type Stage, test } from "./harness/stage.js";

const samples = 60;

async function start(stage: Stage, workerFlags: string[]) {
  const module = `${fixture("paced-agent.mjs")}#PacedAgent`;
  const gate = new Gate(stage);
  const cluster = await Cluster.start(stage, {
    agents: { slow: { module, parameters: { delay_ms: 20, gate: gate.file }, concurrency: 6 } },
    tasks: { virtual: { module: "@eval/tasks#VirtualTask", parameters: { samples, rounds: 3 }, concurrency: 6 } },
    workers: { virtual: 2 },
    workerFlags,
  });
  const folder = new CellFolder(cluster.files.output, "slow", "virtual");
  const untilLines = (count: number) => waitFor(() => folder.count() >= count, { what: `${count} results` });
  return { cluster, folder, gate, untilLines };
}

describe("a controller that is killed with -9 during a run, and restarted", () => {
  test("once, with the workers' default heartbeat: every sample finishes, none twice, none failed", async ({
    stage,
  }) => {
    const { cluster, folder, gate, untilLines } = await start(stage, []);
    gate.holdFrom(20);
    const run = cluster.assign();
    await untilLines(10);

    await cluster.controller.kill();
    await cluster.controller.restart();
    gate.open();

    expect(await run.ends(), run.report).toEqual({ code: 0, signal: null });
    expect(folder.count()).toBeGreaterThan(10);
    expect(folder.indices()).toEqual(allIndices(samples));
    expect(folder.failures()).toEqual([]);
    await cluster.controller.untilIdle("virtual");
  });

  test("twice: the same", async ({ stage }) => {
    const { cluster, folder, gate, untilLines } = await start(stage, ["--heartbeat", "0.5"]);
    gate.holdFrom(20);
    const run = cluster.assign();
    for (const lines of [5, 25]) {
      await untilLines(lines);
      await cluster.controller.kill();
      await cluster.controller.restart();
      gate.holdFrom(40);
    }
    gate.open();

    expect(await run.ends(), run.report).toEqual({ code: 0, signal: null });
    expect(folder.indices()).toEqual(allIndices(samples));
    expect(folder.failures()).toEqual([]);
    await cluster.controller.untilIdle("virtual");
  });
});
