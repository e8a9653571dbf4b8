import type { Json } from "@eval/protocol";

/** overall.json, key for key as v0.2 writes it. */
export interface Overall {
  total: number;
  /** Each status with its share of all results, then `average_`, `max_` and `min_history_length`. */
  validation: Record<string, number>;
  /** What the task's calculateOverall returned. */
  custom: Json;
  /** Ours, and only where there are any: results in the folder that the task has no sample for; they do not count. */
  not_in_task?: number;
}
