import { expect } from "vitest";
import { Cluster } from "./harness/cluster.js";
import { readInFlightLog } from "./harness/in-flight-log.js";
import { fixture } from "./harness/repository.js";
import { leastSpanMs, measureSlotUse } from "./harness/slot-use.js";
import { test } from "./harness/stage.js";

const samples = 40;

/** Samples at once, and milliseconds that each takes of a sample. */
const sides = {
  agents: { slow: { concurrency: 6, ms: 240 }, even: { concurrency: 8, ms: 80 }, fast: { concurrency: 12, ms: 16 } },
  tasks: {
    quick: { concurrency: 12, ms: 8 },
    steady: { concurrency: 8, ms: 40 },
    heavy: { concurrency: 8, ms: 160 },
  },
};

const slots = Object.fromEntries(
  [sides.agents, sides.tasks].flatMap((side) =>
    Object.entries(side).map(([name, { concurrency }]) => [name, concurrency]),
  ),
);

test("three agents with three tasks of different speeds take little longer than the minimum", async ({ stage }) => {
  const log = stage.path("agents.log");
  const agents = Object.entries(sides.agents).map(([name, { concurrency, ms }]) => {
    const parameters = { delay_ms: ms, log };
    return [name, { module: `${fixture("paced-agent.mjs")}#PacedAgent`, parameters, concurrency }] as const;
  });
  const tasks = Object.entries(sides.tasks).map(([name, { concurrency, ms }]) => {
    const parameters = { samples, delay_ms: ms, concurrency };
    return [name, { module: "@eval/tasks#VirtualTask", parameters, concurrency }] as const;
  });
  const cluster = await Cluster.start(stage, { agents: Object.fromEntries(agents), tasks: Object.fromEntries(tasks) });

  const use = await measureSlotUse(cluster.files.assignments);

  expect(readInFlightLog(log).ends).toBe(9 * samples);
  const ratio = use.spanMs / leastSpanMs(use, slots);
  console.log(`schedule: ${ratio.toFixed(3)} of the least span of ${leastSpanMs(use, slots).toFixed()} ms`);
  // The schedule itself is within 5 %, as its own test shows; one pair after the other would take half as long again.
  expect(ratio).toBeLessThan(1.25);
});
