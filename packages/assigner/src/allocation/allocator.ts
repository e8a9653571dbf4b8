import { type Allocation, type AllocationCell, type AllocationProblem, room } from "./allocation-problem.js";
import { improveCounts } from "./flow-counts.js";
import { byUrgency, type Urgency } from "./urgency.js";

/**
 * Decides which samples to start now: a maximum flow source -> agents -> cells -> tasks -> sink over the free capacities.
 * Samples in flight are not moved. Pure; the result is in the order in which the samples should be started.
 *
 * Among maximum flows:
 * 1. as many samples as possible go to the smallest `priority`, then as many as possible to the next, and so on. (The
 *    order in the file is no priority: it would starve the later cells, and leave the bottleneck for the end.)
 * 2. then to the cell whose agent or task has the most estimated seconds left: the samples left on it x their seconds /
 *    its capacity. The agent or task with the most gets as many samples as any flow could give it.
 * 3. then to the cell that has been unserved the longest, then in the order of the file.
 *
 * Bound: a cell that is unserved for longer than its `patience` (urgency.ts) comes before all of these rules, at the first
 * allocation where some maximum flow serves it (the longest unserved first). No sample is held back for fairness: a cell
 * that no maximum flow serves must wait until one does.
 *
 * Cost: one pass over the cells, then work proportional to the cells that could start now; after one slot has become
 * free, these are the cells of one agent or one task.
 */
export function allocate(problem: AllocationProblem): Allocation[] {
  const plan = byUrgency(problem);
  let counts = greedyCounts(plan.order, problem);
  if (needsFlow(plan, counts, problem)) counts = improveCounts(plan, counts, problem);
  const allocations: Allocation[] = [];
  counts.forEach((count, at) => {
    if (count > 0) allocations.push({ cell: plan.order[at] as number, count });
  });
  return allocations;
}

/** Serves the cells in order, each with all the capacity that is free for it. */
function greedyCounts(order: readonly number[], { agents, tasks, cells }: AllocationProblem): number[] {
  const agentFree = agents.map(({ free }) => free);
  const taskFree = tasks.map(({ free }) => free);
  return order.map((at) => {
    const { agent, task, left } = cells[at] as AllocationCell;
    const count = Math.max(0, Math.min(left, agentFree[agent] as number, taskFree[task] as number));
    agentFree[agent] = (agentFree[agent] as number) - count;
    taskFree[task] = (taskFree[task] as number) - count;
    return count;
  });
}

/** Whether greedy serving may have missed the maximum, or a rule that needs a flow. */
function needsFlow({ order, overdue }: Urgency, counts: readonly number[], problem: AllocationProblem): boolean {
  if (order.length < 2) return false;
  const { cells } = problem;
  const unserved = counts.indexOf(0);
  if (unserved >= 0 && unserved < overdue) return true;
  const [first] = order as [number];
  const priority = (cells[first] as AllocationCell).priority;
  if (order.some((at) => cells[at]?.priority !== priority)) return true;
  return !isBound(order, counts, problem);
}

/** Whether one side's free capacity is used up: then no flow is larger. */
function isBound(order: readonly number[], counts: readonly number[], problem: AllocationProblem): boolean {
  const started = counts.reduce((sum, count) => sum + count, 0);
  return usable("agent", order, problem) === started || usable("task", order, problem) === started;
}

/** How many samples the agents (or the tasks) of the cells could start if the other side had no limits. */
function usable(side: "agent" | "task", order: readonly number[], problem: AllocationProblem): number {
  const sides = side === "agent" ? problem.agents : problem.tasks;
  const rooms = new Float64Array(sides.length);
  for (const at of order) {
    const cell = problem.cells[at] as AllocationCell;
    rooms[cell[side]] = (rooms[cell[side]] as number) + room(cell, problem);
  }
  return sides.reduce((sum, { free }, at) => sum + Math.min(Math.max(0, free), rooms[at] as number), 0);
}
