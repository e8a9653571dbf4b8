import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Allocation, AllocationCell, AllocationProblem } from "./allocation-problem.js";
import { allocate } from "./allocator.js";
import { patience } from "./urgency.js";

function cell(agent: number, task: number, changes: Partial<AllocationCell> = {}): AllocationCell {
  return { agent, task, left: 100, priority: 0, secondsPerSample: 1, lastServed: 0, ...changes };
}

function sides(...free: number[]) {
  return free.map((each) => ({ capacity: Math.max(1, each), free: each }));
}

function countsOf(problem: AllocationProblem, allocations: Allocation[]): number[] {
  const counts = problem.cells.map(() => 0);
  for (const { cell, count } of allocations) counts[cell] = (counts[cell] ?? 0) + count;
  return counts;
}

const sum = (numbers: number[]) => numbers.reduce((total, each) => total + each, 0);

/** Ford and Fulkerson on a matrix, one unit at a time: slow, and independent of the code under test. */
function slowMaximum({ agents, tasks, cells }: AllocationProblem): number {
  const size = agents.length + tasks.length + 2;
  const residual = Array.from({ length: size }, () => new Array<number>(size).fill(0));
  const row = (at: number) => residual[at] as number[];
  for (const [at, { free }] of agents.entries()) row(0)[at + 2] = Math.max(0, free);
  for (const [at, { free }] of tasks.entries()) row(agents.length + at + 2)[1] = Math.max(0, free);
  for (const { agent, task, left } of cells) {
    row(agent + 2)[agents.length + task + 2] = (row(agent + 2)[agents.length + task + 2] as number) + left;
  }
  const push = (node: number, seen: Set<number>): boolean => {
    if (node === 1) return true;
    seen.add(node);
    for (let to = 0; to < size; to++) {
      if ((row(node)[to] as number) <= 0 || seen.has(to) || !push(to, seen)) continue;
      row(node)[to] = (row(node)[to] as number) - 1;
      row(to)[node] = (row(to)[node] as number) + 1;
      return true;
    }
    return false;
  };
  let total = 0;
  while (push(0, new Set())) total++;
  return total;
}

/** Every flow of a small problem, as counts by cell. */
function everyFlow({ agents, tasks, cells }: AllocationProblem): number[][] {
  const flows: number[][] = [];
  const agentFree = agents.map(({ free }) => free);
  const taskFree = tasks.map(({ free }) => free);
  const extend = (counts: number[]) => {
    const next = cells[counts.length];
    if (next === undefined) return void flows.push(counts);
    const most = Math.min(next.left, agentFree[next.agent] as number, taskFree[next.task] as number);
    for (let count = 0; count <= Math.max(0, most); count++) {
      agentFree[next.agent] = (agentFree[next.agent] as number) - count;
      taskFree[next.task] = (taskFree[next.task] as number) - count;
      extend([...counts, count]);
      agentFree[next.agent] = (agentFree[next.agent] as number) + count;
      taskFree[next.task] = (taskFree[next.task] as number) + count;
    }
  };
  extend([]);
  return flows;
}

function maximumFlows(problem: AllocationProblem): number[][] {
  const flows = everyFlow(problem);
  const most = Math.max(...flows.map(sum));
  return flows.filter((counts) => sum(counts) === most);
}

function problems(options: { side: number; free: number; left: number; priorities: number; sequence: number }) {
  return fc.integer({ min: 1, max: options.side }).chain((agents) =>
    fc.integer({ min: 1, max: options.side }).chain((tasks) =>
      fc.record<AllocationProblem>({
        agents: fc.array(side(options.free), { minLength: agents, maxLength: agents }),
        tasks: fc.array(side(options.free), { minLength: tasks, maxLength: tasks }),
        cells: fc.uniqueArray(
          fc.record({
            agent: fc.integer({ min: 0, max: agents - 1 }),
            task: fc.integer({ min: 0, max: tasks - 1 }),
            left: fc.integer({ min: 0, max: options.left }),
            priority: fc.integer({ min: 0, max: options.priorities - 1 }),
            secondsPerSample: fc.integer({ min: 1, max: 5 }),
            lastServed: fc.integer({ min: 0, max: options.sequence }),
          }),
          { selector: ({ agent, task }) => `${agent} ${task}`, maxLength: options.side ** 2 },
        ),
        sequence: fc.constant(options.sequence),
      }),
    ),
  );
}

function side(free: number) {
  return fc.record({ capacity: fc.integer({ min: 1, max: 8 }), free: fc.integer({ min: -1, max: free }) });
}

const large = problems({ side: 8, free: 6, left: 9, priorities: 3, sequence: 200 });
const small = problems({ side: 3, free: 2, left: 2, priorities: 3, sequence: 0 });

describe("the flow", () => {
  test("is maximal, within the free capacities and the samples left", () => {
    fc.assert(
      fc.property(large, (problem) => {
        const counts = countsOf(problem, allocate(problem));
        expect(sum(counts)).toBe(slowMaximum(problem));
        problem.cells.forEach(({ left }, at) => {
          expect(counts[at]).toBeLessThanOrEqual(left);
        });
        for (const name of ["agent", "task"] as const) {
          problem[`${name}s`].forEach(({ free }, at) => {
            const used = sum(counts.filter((_, index) => problem.cells[index]?.[name] === at));
            expect(used).toBeLessThanOrEqual(Math.max(0, free));
          });
        }
      }),
      { numRuns: 2_000 },
    );
  });

  test("is the same for the same problem, which stays unchanged", () => {
    fc.assert(
      fc.property(large, (problem) => {
        const copy = structuredClone(problem);
        expect(allocate(problem)).toEqual(allocate(copy));
        expect(problem).toEqual(copy);
      }),
    );
  });

  test("moves from a served cell to another one if that starts more samples", () => {
    const problem = {
      agents: sides(1, 1),
      tasks: sides(1, 1),
      cells: [cell(0, 0), cell(0, 1), cell(1, 0)],
      sequence: 1,
    };
    expect(countsOf(problem, allocate(problem))).toEqual([0, 1, 1]);
  });
});

describe("among maximum flows", () => {
  test("the smaller priorities get as much as any maximum flow could give them", () => {
    fc.assert(
      fc.property(small, (problem) => {
        const byPriority = (counts: number[]) =>
          [0, 1, 2].map((priority) => sum(counts.filter((_, at) => problem.cells[at]?.priority === priority)));
        const got = byPriority(countsOf(problem, allocate(problem)));
        const best = maximumFlows(problem).map(byPriority).sort(lexicographic).at(-1);
        expect(got).toEqual(best);
      }),
      { numRuns: 2_000 },
    );
  });

  test("of equal priority, the agent or task with the most time left gets as much as any flow could give it", () => {
    const equal = small.map((problem) => ({
      ...problem,
      cells: problem.cells.map((each) => ({ ...each, priority: 0 })),
    }));
    fc.assert(
      fc.property(equal, (problem) => {
        const counts = countsOf(problem, allocate(problem));
        const [bottleneck, second] = timesLeft(problem).sort((one, other) => other.seconds - one.seconds);
        if (bottleneck === undefined || bottleneck.seconds === second?.seconds) return;
        const given = (each: number[]) =>
          sum(each.filter((_, at) => bottleneck.has(problem.cells[at] as AllocationCell)));
        expect(given(counts)).toBe(Math.max(...everyFlow(problem).map(given)));
      }),
      { numRuns: 1_000 },
    );
  });

  test("a single free slot goes to the cell that has been unserved the longest, then to the first in the file", () => {
    const cells = [cell(0, 0, { lastServed: 3 }), cell(0, 1, { lastServed: 2 }), cell(0, 2, { lastServed: 2 })];
    expect(allocate({ agents: sides(1), tasks: sides(9, 9, 9), cells, sequence: 4 })).toEqual([{ cell: 1, count: 1 }]);
  });

  test("a slow task comes before a quick one with more samples", () => {
    const cells = [cell(0, 0, { left: 900, secondsPerSample: 0.1 }), cell(0, 1, { left: 100, secondsPerSample: 5 })];
    const agents = [{ capacity: 10, free: 1 }];
    const tasks = [
      { capacity: 4, free: 4 },
      { capacity: 1, free: 1 },
    ];
    expect(allocate({ agents, tasks, cells, sequence: 1 })).toEqual([{ cell: 1, count: 1 }]);
  });
});

describe("the bound on waiting", () => {
  const overdue = problems({ side: 3, free: 2, left: 2, priorities: 3, sequence: 101 });

  test("the longest unserved overdue cell that a maximum flow serves is served", () => {
    fc.assert(
      fc.property(overdue, (problem) => {
        const limit = problem.sequence - patience(problem.cells);
        const counts = countsOf(problem, allocate(problem));
        const servable = maximumFlows(problem);
        const [first] = problem.cells
          .map(({ lastServed }, at) => ({ lastServed, at }))
          .filter(({ lastServed, at }) => lastServed < limit && servable.some((flow) => (flow[at] ?? 0) > 0))
          .sort((one, other) => one.lastServed - other.lastServed);
        const equals = problem.cells.filter(({ lastServed }) => lastServed === first?.lastServed);
        if (first !== undefined && equals.length === 1) expect(counts[first.at]).toBeGreaterThan(0);
      }),
      { numRuns: 2_000 },
    );
  });

  test("no cell waits longer than its patience plus one allocation per cell, whatever the priorities", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 2, maxLength: 6 }), (priorities) => {
        const cells = priorities.map((priority, task) => cell(0, task, { priority, left: 1_000_000 }));
        const problem = { agents: sides(1), tasks: sides(...cells.map(() => 1)), cells, sequence: 0 };
        const bound = patience(cells) + cells.length + 1;
        for (let sequence = 1; sequence < 4 * bound; sequence++) {
          for (const allocation of allocate({ ...problem, sequence })) {
            const served = cells[allocation.cell] as AllocationCell;
            served.left -= allocation.count;
            served.lastServed = sequence;
          }
          for (const { lastServed } of cells) expect(sequence - lastServed).toBeLessThanOrEqual(bound);
        }
      }),
      { numRuns: 20 },
    );
  });
});

function lexicographic(one: number[], other: number[]): number {
  const at = one.findIndex((value, index) => value !== other[index]);
  return at < 0 ? 0 : (one[at] as number) - (other[at] as number);
}

/** Seconds left of each agent and task with a cell that could start now. */
function timesLeft({ agents, tasks, cells }: AllocationProblem) {
  const startable = (each: AllocationCell) =>
    Math.min(each.left, agents[each.agent]?.free ?? 0, tasks[each.task]?.free ?? 0) > 0;
  const of = (name: "agent" | "task", at: number, capacity: number) => {
    const has = (each: AllocationCell) => each[name] === at;
    const work = sum(cells.filter(has).map(({ left, secondsPerSample }) => left * secondsPerSample));
    return { has, seconds: cells.some((each) => has(each) && startable(each)) ? work / capacity : -1 };
  };
  return [
    ...agents.map(({ capacity }, at) => of("agent", at, capacity)),
    ...tasks.map(({ capacity }, at) => of("task", at, capacity)),
  ].filter(({ seconds }) => seconds >= 0);
}
