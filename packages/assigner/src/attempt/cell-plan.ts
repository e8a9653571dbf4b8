import type { SampleIndex } from "@eval/protocol";

/** An agent with a task. */
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

/** What the output folder holds of one cell and epoch: indices with an accepted line, and with none but failed lines. */
export interface RecordedEpoch {
  epoch: number;
  accepted: Iterable<SampleIndex>;
  failed: Iterable<SampleIndex>;
}

export interface ExcludedSample extends PlannedSample {
  /** `not in task`: recorded, kept, but no index of the task any more. `failed before`: only with `keepFailed`. */
  reason: "not in task" | "failed before";
}

/** done + remaining + those excluded as `failed before` = total. */
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
  /** Those with an accepted line. */
  done: number;
}

/** With its epochs; those that are recorded but not asked for (any more) come last, and only what they hold counts in the plan. */
export interface RepeatedCellPlan extends CellPlan {
  epochs: EpochCount[];
}
