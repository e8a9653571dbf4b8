import { waitFor } from "@eval/protocol/testing";
import { describe, expect } from "vitest";
import { Cluster } from "./harness/cluster.js";
import { Gate } from "./harness/gate.js";
import { allIndices, CellFolder } from "./harness/journal.js";
import { fixture } from "./harness/repository.js";
import { type Stage, test } from "./harness/stage.js";

interface Pace {
  samples: number;
  agentMs: number;
  concurrency: number;
}

async function start(stage: Stage, { samples, agentMs, concurrency }: Pace) {
  const module = `${fixture("paced-agent.mjs")}#PacedAgent`;
  const gate = new Gate(stage);
  const cluster = await Cluster.start(stage, {
    agents: { slow: { module, parameters: { delay_ms: agentMs, gate: gate.file }, concurrency } },
    tasks: { virtual: { module: "@eval/tasks#VirtualTask", parameters: { samples, rounds: 2 }, concurrency } },
    workers: { virtual: 2 },
  });
  const folder = new CellFolder(cluster.files.output, "slow", "virtual");
  const untilLines = (count: number) => waitFor(() => folder.count() >= count, { what: `${count} results` });
  return { cluster, folder, gate, untilLines };
}

describe("an assigner that is stopped during a run", () => {
  test("by SIGINT: cancels its sessions, and the next launch runs the rest", async ({ stage }) => {
    const { cluster, folder, gate, untilLines } = await start(stage, { samples: 40, agentMs: 20, concurrency: 5 });
    gate.holdFrom(20);
    const run = cluster.assign();
    await untilLines(5);

    run.signal("SIGINT");

    expect(await run.ends(), run.report).toEqual({ code: 130, signal: null });
    expect(run.stdout).toContain("Interrupted");
    await cluster.controller.untilIdle("virtual");
    const before = folder.indices();
    expect(before.length).toBeGreaterThanOrEqual(5);
    expect(before.length).toBeLessThan(40);
    expect(folder.failures()).toEqual([]);

    gate.open();
    const next = cluster.assign();

    expect(await next.ends(), next.report).toEqual({ code: 0, signal: null });
    expect(folder.indices()).toEqual(allIndices(40));
    expect(folder.failures()).toEqual([]);
    await cluster.controller.untilIdle("virtual");
  });

  test("by kill -9, three times: no sample is missing or recorded twice", async ({ stage }) => {
    const { cluster, folder, gate, untilLines } = await start(stage, { samples: 400, agentMs: 5, concurrency: 4 });
    const killedAt: number[] = [];
    for (let kill = 0; kill < 3; kill++) {
      gate.holdFrom(folder.count() + 80);
      const run = cluster.assign();
      await untilLines(folder.count() + 1 + Math.floor(Math.random() * 60));
      await run.kill();
      killedAt.push(folder.count());
    }
    expect(folder.count(), `killed at ${killedAt} results`).toBeLessThan(400);

    gate.open();
    const last = cluster.assign();

    expect(await last.ends(), last.report).toEqual({ code: 0, signal: null });
    expect(folder.indices(), `killed at ${killedAt} results`).toEqual(allIndices(400));
    expect(folder.failures()).toEqual([]);
    // The next launch ends what a killed one has left, long before its lease runs out.
    await cluster.controller.untilIdle("virtual");
  });

  test("by kill -9, without a new launch: its sessions end with its lease", async ({ stage }) => {
    const { cluster, gate, untilLines } = await start(stage, { samples: 40, agentMs: 5, concurrency: 5 });
    gate.holdFrom(1);
    const run = cluster.assign(["--lease", "5"]);
    await untilLines(1);

    await run.kill();

    expect(Object.keys(await cluster.controller.sessions())).not.toEqual([]);
    await cluster.controller.untilIdle("virtual");
  });

  test("by SIGINT while an agent never answers", async ({ stage }) => {
    const cluster = await Cluster.start(stage, {
      agents: { silent: { module: `${fixture("silent-agent.mjs")}#SilentAgent`, concurrency: 3 } },
      tasks: { virtual: { module: "@eval/tasks#VirtualTask", parameters: { samples: 10 }, concurrency: 3 } },
    });
    const run = cluster.assign();
    await waitFor(async () => Object.keys(await cluster.controller.sessions()).length === 3, { what: "3 sessions" });

    run.signal("SIGINT");

    expect(await run.ends(), run.report).toEqual({ code: 130, signal: null });
    await cluster.controller.untilIdle("virtual");
  });

  test("by SIGINT while it waits for workers", async ({ stage }) => {
    const { cluster } = await start(stage, { samples: 4, agentMs: 0, concurrency: 1 });
    await cluster.controller.kill();
    const run = cluster.assign();
    await run.wrote(/waiting for virtual/);

    run.signal("SIGINT");

    expect(await run.ends(), run.report).toEqual({ code: 130, signal: null });
  });
});
