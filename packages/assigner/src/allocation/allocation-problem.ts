/** An agent or a task, as input of the allocator. */
export interface AllocationSide {
  /** Maximum number of samples in flight; only used to estimate the remaining time. */
  capacity: number;
  /** Number of samples that may be started now. 0 or less: none. */
  free: number;
}

/** An assignment with samples left to start. */
export interface AllocationCell {
  /** Positions in `agents` and `tasks`. */
  agent: number;
  task: number;
  /** Number of samples that are not started yet. */
  left: number;
  /** Smaller values start first. Cells of one priority are equal: the order in the file only breaks ties. */
  priority: number;
  /** Estimated seconds per sample; 1 for every cell while nothing is known. */
  secondsPerSample: number;
  /** `sequence` of the last allocation that served it; initially, that of the first allocation. */
  lastServed: number;
}

export interface AllocationProblem {
  agents: readonly AllocationSide[];
  tasks: readonly AllocationSide[];
  cells: readonly AllocationCell[];
  /** Number of this allocation; increases by one each time. */
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
