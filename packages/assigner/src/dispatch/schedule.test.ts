import { describe, expect, it } from "vitest";
import { Ledger } from "../allocation/ledger.js";
import type { Grant } from "../attempt/attempt.js";
import type { CellPlan } from "../attempt/cell-plan.js";

interface Scene {
  /** Concurrent samples, and each side's milliseconds per sample. */
  agents: { capacity: number; ms: number }[];
  tasks: { capacity: number; ms: number }[];
  /** Number of samples of each agent with each task; as a list: by the position of the agent. */
  samples: number | number[];
}

/** Times differ from sample to sample by up to a third, always the same way. */
function millisecondsOf({ agents, tasks }: Scene, { agent, task, index }: Pick<Grant, "agent" | "task" | "index">) {
  const jitter = 1 + ((Number(index) * 7919) % 101) / 300 - 1 / 6;
  return ((agents[Number(agent)]?.ms ?? 0) + (tasks[Number(task)]?.ms ?? 0)) * jitter;
}

function plansOf({ agents, tasks, samples }: Scene): CellPlan[] {
  return agents.flatMap((_, agent) => {
    const total = typeof samples === "number" ? samples : (samples[agent] ?? 0);
    const remaining = Array.from({ length: total }, (_, index) => ({ index, epoch: 1 }));
    const cell = { priority: 0, remaining, total, done: 0, excluded: [] };
    return tasks.map((_, task) => ({ ...cell, agent: `${agent}`, task: `${task}` }));
  });
}

/** No schedule is shorter: a side cannot work faster than with its full capacity all the time. */
function lowerBound(scene: Scene): number {
  const work = (side: "agent" | "task", name: string) =>
    plansOf(scene)
      .filter((plan) => plan[side] === name)
      .flatMap(({ agent, task, remaining }) =>
        remaining.map(({ index }) => millisecondsOf(scene, { agent, task, index })),
      )
      .reduce((sum, ms) => sum + ms, 0);
  const ofAgents = scene.agents.map(({ capacity }, at) => work("agent", `${at}`) / capacity);
  const ofTasks = scene.tasks.map(({ capacity }, at) => work("task", `${at}`) / capacity);
  return Math.max(...ofAgents, ...ofTasks);
}

/** Runs a scene in simulated time; returns the end of its last sample. */
function runScene(scene: Scene): number {
  const capacities = (side: Scene["agents"]) => new Map(side.map(({ capacity }, at) => [`${at}`, capacity]));
  const capacity = { agent: capacities(scene.agents), task: capacities(scene.tasks) };
  const ledger = new Ledger(plansOf(scene), capacity, { maxAttempts: 1, delayMs: () => 0 });
  const running: { attempt: string; ends: number }[] = [];
  let now = 0;
  while (!ledger.isDone) {
    for (const grant of ledger.grant(now, () => Number.MAX_SAFE_INTEGER)) {
      running.push({ attempt: grant.attempt, ends: now + millisecondsOf(scene, grant) });
    }
    const next = running.reduce((first, one) => (one.ends < first.ends ? one : first));
    running.splice(running.indexOf(next), 1);
    now = next.ends;
    ledger.end(next.attempt, false, now);
  }
  return now;
}

const slow = { capacity: 6, ms: 900 };
const even = { capacity: 8, ms: 300 };
const fast = { capacity: 12, ms: 60 };
const narrow = { capacity: 4, ms: 60 };

describe("a schedule of three agents with three tasks of uneven speeds takes at most 5 % longer than the lower bound", () => {
  it.each<[string, Scene]>([
    [
      "the agents are narrow",
      {
        agents: [slow, even, fast],
        tasks: [
          { ...even, capacity: 40 },
          { ...fast, capacity: 40 },
          { ...slow, capacity: 40 },
        ],
        samples: 150,
      },
    ],
    [
      "the tasks are narrow",
      {
        agents: [
          { ...slow, capacity: 50 },
          { ...even, capacity: 50 },
          { ...fast, capacity: 50 },
        ],
        tasks: [slow, even, fast],
        samples: 150,
      },
    ],
    ["both are", { agents: [slow, even, fast], tasks: [fast, slow, even], samples: 150 }],
    [
      "one agent meets one task, both slow and narrow",
      { agents: [{ capacity: 3, ms: 500 }, even, fast], tasks: [fast, even, { capacity: 3, ms: 500 }], samples: 200 },
    ],
    [
      "the agent with the most to do has to compete for narrow tasks",
      {
        agents: [
          { capacity: 12, ms: 300 },
          { capacity: 12, ms: 300 },
          { capacity: 6, ms: 300 },
        ],
        tasks: [narrow, narrow, narrow],
        samples: [60, 60, 200],
      },
    ],
    ["all are the same", { agents: [even, even, even], tasks: [even, even, even], samples: 100 }],
  ])("%s", (_, scene) => {
    const bound = lowerBound(scene);
    const total = runScene(scene);
    expect(total / bound).toBeGreaterThanOrEqual(1);
    expect(total / bound).toBeLessThanOrEqual(1.05);
  });
});
