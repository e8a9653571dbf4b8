import { describe, expect } from "vitest";
import { ChatEndpoint } from "./harness/chat-endpoint.js";
import { Cluster } from "./harness/cluster.js";
import { allIndices, CellFolder } from "./harness/journal.js";
import { type Stage, test } from "./harness/stage.js";

function start(stage: Stage, samples: number, concurrency: number, endpoint: ChatEndpoint): Promise<Cluster> {
  const virtual = { module: "@eval/tasks#VirtualTask", parameters: { samples, rounds: 1, concurrency } };
  const agents = { model: endpoint.agent(concurrency) };
  return Cluster.start(stage, { agents, tasks: { task: { ...virtual, concurrency } } });
}

describe("an unreachable endpoint", () => {
  test("costs a few of 200 samples, is reported, and the next launch runs the rest", async ({ stage }) => {
    const endpoint = await ChatEndpoint.start();
    const { port } = endpoint;
    const cluster = await start(stage, 200, 20, endpoint);
    await endpoint.close();
    const folder = new CellFolder(cluster.files.output, "model", "task");

    const dead = cluster.assign(["--wait-for-workers", "2"]);
    expect(await dead.ends(), dead.report).toEqual({ code: 3, signal: null });
    expect(folder.results()).toEqual([]);
    const hit = new Set(folder.failures().map(({ index }) => index));
    // Those that opened the circuit, those in flight then, and a few tries.
    expect(hit.size).toBeLessThanOrEqual(10 + 20 + 5);
    expect(dead.stderr).toMatch(/agent model: the last 10 attempts failed in the same way/);
    expect(dead.stdout).toMatch(/│ +0 │ +9 │ +191 │/);
    expect(dead.stdout).toMatch(/agent model: it keeps failing .*; 191 samples are left/);
    await cluster.controller.untilIdle("task");

    const revived = await ChatEndpoint.start({ port });
    try {
      const next = cluster.assign();
      expect(await next.ends(), next.report).toEqual({ code: 0, signal: null });
      expect(folder.indices()).toEqual(allIndices(200));
    } finally {
      await revived.close();
    }
  });
});

describe("an endpoint that accepts two concurrent requests, although sixteen are configured for its agent", () => {
  test("gets fewer and fewer requests, and no sample fails", async ({ stage }) => {
    const endpoint = await ChatEndpoint.start({ most: 2, delayMs: 100, together: 16 });
    try {
      const cluster = await start(stage, 60, 16, endpoint);
      const run = cluster.assign();
      expect(await run.ends(), run.report).toEqual({ code: 0, signal: null });
      expect(new CellFolder(cluster.files.output, "model", "task").indices()).toEqual(allIndices(60));
      const { underWay, refused } = endpoint;
      expect(Math.max(...underWay.slice(0, 16))).toBe(16);
      expect(Math.max(...underWay.slice(-30))).toBeLessThanOrEqual(4);
      expect(run.stderr).toMatch(/agent model is overloaded \(429 or 503\): 16 -> 8 samples at once/);
      console.info(`${underWay.length} requests for 60 samples, ${refused} refused`);
    } finally {
      await endpoint.close();
    }
  });
});
