import { type AllocationCell, type AllocationProblem, room } from "./allocation-problem.js";

/** Positions of the cells that could start a sample now, the most urgent first; the first `overdue` of them are overdue. */
export interface Urgency {
  order: number[];
  overdue: number;
}

/** How many allocations may skip a cell: 64, plus 4 for each cell with samples left. */
export function patience(cells: readonly AllocationCell[]): number {
  let waiting = 0;
  for (const cell of cells) if (cell.left > 0) waiting++;
  return 64 + 4 * waiting;
}

/** The cells that could start a sample now, in the order in which the allocator serves them. */
export function byUrgency(problem: AllocationProblem): Urgency {
  const startable = startableCells(problem);
  return startable.length > 1 ? sortByUrgency(startable, problem) : { order: startable, overdue: 0 };
}

function startableCells(problem: AllocationProblem): number[] {
  const startable: number[] = [];
  const { cells } = problem;
  for (let at = 0; at < cells.length; at++) {
    if (room(cells[at] as AllocationCell, problem) > 0) startable.push(at);
  }
  return startable;
}

function sortByUrgency(order: number[], problem: AllocationProblem): Urgency {
  const { cells, sequence } = problem;
  const seconds = secondsLeft(problem);
  const limit = sequence - patience(cells);
  /** For sorting: the `lastServed` of overdue cells, which is below that of all others. */
  const waited = (cell: AllocationCell) => Math.min(cell.lastServed, limit);
  order.sort((first, second) => {
    const one = cells[first] as AllocationCell;
    const other = cells[second] as AllocationCell;
    return (
      waited(one) - waited(other) ||
      one.priority - other.priority ||
      (seconds[second] as number) - (seconds[first] as number) ||
      one.lastServed - other.lastServed ||
      first - second
    );
  });
  const firstInTime = order.findIndex((at) => (cells[at] as AllocationCell).lastServed >= limit);
  return { order, overdue: firstInTime < 0 ? order.length : firstInTime };
}

/** For each cell, the estimated seconds left of its agent or of its task, whichever is larger. */
function secondsLeft({ agents, tasks, cells }: AllocationProblem): Float64Array {
  const ofAgent = new Float64Array(agents.length);
  const ofTask = new Float64Array(tasks.length);
  for (const { agent, task, left, secondsPerSample } of cells) {
    ofAgent[agent] = (ofAgent[agent] ?? 0) + left * secondsPerSample;
    ofTask[task] = (ofTask[task] ?? 0) + left * secondsPerSample;
  }
  for (let at = 0; at < agents.length; at++) ofAgent[at] = (ofAgent[at] ?? 0) / Math.max(1, agents[at]?.capacity ?? 1);
  for (let at = 0; at < tasks.length; at++) ofTask[at] = (ofTask[at] ?? 0) / Math.max(1, tasks[at]?.capacity ?? 1);
  const ofCell = new Float64Array(cells.length);
  cells.forEach(({ agent, task }, at) => {
    ofCell[at] = Math.max(ofAgent[agent] ?? 0, ofTask[task] ?? 0);
  });
  return ofCell;
}
