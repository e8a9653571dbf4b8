import { expect } from "vitest";
import { Cluster } from "./harness/cluster.js";
import { readInFlightLog } from "./harness/in-flight-log.js";
import { fixture } from "./harness/repository.js";
import { test } from "./harness/stage.js";

const samples = 40;

/** Samples at once, and milliseconds that each takes of a sample. */
const sides = {
  agents: { slow: { concurrency: 6, ms: 600 }, even: { concurrency: 8, ms: 200 }, fast: { concurrency: 12, ms: 40 } },
  tasks: {
    quick: { concurrency: 12, ms: 20 },
    steady: { concurrency: 8, ms: 100 },
    heavy: { concurrency: 8, ms: 400 },
  },
};

/** No schedule is shorter: a side cannot do its work faster than with all of its capacity, all the time. */
function lowerBoundMs(): number {
  const [agents, tasks] = [Object.values(sides.agents), Object.values(sides.tasks)];
  const bounds = (side: typeof agents, others: typeof agents) =>
    side.map(({ concurrency, ms }) => others.reduce((sum, other) => sum + samples * (ms + other.ms), 0) / concurrency);
  return Math.max(...bounds(agents, tasks), ...bounds(tasks, agents));
}

test("three agents with three tasks of uneven speeds take little longer than they must", async ({ stage }) => {
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

  const assigner = cluster.assign();

  expect(await assigner.ends(), assigner.report).toEqual({ code: 0, signal: null });
  const { spanMs, ends } = readInFlightLog(log);
  expect(ends).toBe(9 * samples);
  const ratio = spanMs / lowerBoundMs();
  console.log(`schedule: ${ratio.toFixed(3)} of its lower bound of ${lowerBoundMs()} ms`);
  // The schedule itself is within 5 %, as its own test shows; the rest is for machines that are busy.
  expect(ratio).toBeLessThan(1.25);
});
