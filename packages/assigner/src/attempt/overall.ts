import type { Json } from "@eval/protocol";

/** overall.json, with the same keys as in v0.2. */
export interface Overall {
  total: number;
  /** The share of each status among all results, then `average_`, `max_` and `min_history_length`. */
  validation: Record<string, number>;
  /** The return value of the task's calculateOverall. */
  custom: Json;
  /** Not in v0.2; only set if positive: results in the folder for samples that the task does not have; they do not count. */
  not_in_task?: number;
}
