import { describe, expect } from "vitest";
import { Cluster } from "../harness/cluster.js";
import { allIndices } from "../harness/journal.js";
import { test } from "../harness/stage.js";
import { V02Client } from "./v02-client.js";

const samples = 60;

describe("clients of v0.2 with our controller and our workers", () => {
  test("two clients finish, requeue rejected samples, cancel failed ones, and leave no sessions", async ({ stage }) => {
    const cluster = await Cluster.start(stage, {
      agents: {},
      tasks: {
        virtual: {
          module: "@eval/tasks#VirtualTask",
          parameters: { samples, rounds: 3, delay_ms: 5, concurrency: 3 },
          concurrency: 1,
        },
      },
      workers: { virtual: 2 },
    });
    const broken = new Set(allIndices(10));
    // Nobody starts anything before both have seen the same free slots.
    let looks = 0;
    let haveBothLooked = () => {};
    const both = new Promise<void>((resolve) => {
      haveBothLooked = resolve;
    });
    const hasLooked = () => {
      looks += 1;
      if (looks === 2) haveBothLooked();
      return both;
    };
    const client = (fails: boolean) =>
      new V02Client({
        controller: cluster.controller.address,
        task: "virtual",
        concurrency: 6,
        hasLooked,
        answer: (history) => {
          if (fails && broken.delete(broken.values().next().value as number)) throw new Error("the agent is broken");
          return `answer ${history.length}`;
        },
      });
    const clients = [client(true), client(false)];

    const indices = await clients[0]?.indices();
    expect(indices).toEqual(allIndices(samples));
    await Promise.all(clients.map((one) => one.run(allIndices(samples))));

    for (const one of clients) {
      expect([...one.outputs.keys()].sort((a, b) => a - b)).toEqual(allIndices(samples));
      for (const [index, output] of one.outputs) {
        expect(Object.keys(output)).toEqual(["index", "status", "result", "history"]);
        expect(output).toMatchObject({ index, status: "completed" });
        expect(output.history).toHaveLength(6);
      }
      expect(await one.overall()).toMatchObject({ count: samples, completed_share: 1 });
    }
    expect(clients.map(({ failures }) => failures)).toEqual([10, 0]);
    // They asked for the same six slots, to begin with.
    expect(clients.reduce((sum, { refusals }) => sum + refusals, 0)).toBeGreaterThanOrEqual(6);
    await cluster.controller.untilIdle("virtual");
  });
});
