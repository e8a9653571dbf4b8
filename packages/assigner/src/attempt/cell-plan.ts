import type { SampleIndex } from "@eval/protocol";

/** A pair of an agent and a task. */
export interface PlanCell {
  agent: string;
  task: string;
  priority: number;
}

/** One repetition of one sample; epochs count from 1. */
export interface PlannedSample {
  index: SampleIndex;
  epoch: number;
}

/** The recorded results of one cell and epoch: indices with an accepted line, and indices with only failed lines. */
export interface RecordedEpoch {
  epoch: number;
  accepted: Iterable<SampleIndex>;
  failed: Iterable<SampleIndex>;
}

export interface ExcludedSample extends PlannedSample {
  /** `not in task`: recorded and kept, but no longer an index of the task. `failed before`: only with `keepFailed`. */
  reason: "not in task" | "failed before";
}

/** done + remaining + the samples excluded as `failed before` = total. */
export interface CellPlan extends PlanCell {
  /** In the order of the indices, one epoch after the other. */
  remaining: PlannedSample[];
  /** Indices x epochs. */
  total: number;
  /** Samples of the task with an accepted line. */
  done: number;
  excluded: ExcludedSample[];
}

/** One epoch of a planned cell. */
export interface EpochCount {
  epoch: number;
  /** Samples of the task. */
  total: number;
  /** Samples with an accepted line. */
  done: number;
}

/** A plan with its epochs; recorded epochs that are not planned come last, and only their results count. */
export interface RepeatedCellPlan extends CellPlan {
  epochs: EpochCount[];
}
