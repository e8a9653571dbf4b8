/** An agent or a task, as the allocator sees it. */
export interface AllocationSide {
  /** Samples it may have in flight at once; only weighs the estimate of its time left. */
  capacity: number;
  /** Samples that may be started on it now. 0 or less: none. */
  free: number;
}

/** An assignment with samples left to start. */
export interface AllocationCell {
  /** Positions in `agents` and `tasks`. */
  agent: number;
  task: number;
  /** Samples that are not started yet. */
  left: number;
  /** Smaller goes first. Cells of one priority are equals: the order in the file only breaks the last tie. */
  priority: number;
  /** Estimated seconds of one sample; 1 for every cell while nothing is known. */
  secondsPerSample: number;
  /** `sequence` of the allocation that served it last; at the start, of the first allocation. */
  lastServed: number;
}

export interface AllocationProblem {
  agents: readonly AllocationSide[];
  tasks: readonly AllocationSide[];
  cells: readonly AllocationCell[];
  /** Number of this allocation; one more than the last one's. */
  sequence: number;
}

/** Start `count` (at least 1) samples of `cells[cell]` now. */
export interface Allocation {
  cell: number;
  count: number;
}

/** How many samples of a cell can start now if nothing else starts. */
export function room(cell: AllocationCell, { agents, tasks }: AllocationProblem): number {
  return Math.min(cell.left, agents[cell.agent]?.free ?? 0, tasks[cell.task]?.free ?? 0);
}
