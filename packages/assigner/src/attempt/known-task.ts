import type { SampleIndex } from "@eval/protocol";

/** What the controller knows of a task. */
export interface KnownTask {
  indices: SampleIndex[];
  /** The task's own version, if it gives one. */
  version: string | undefined;
  /** Whether its aggregate reads histories; a v0.2 task does not say, and is sent them. */
  needsHistory: boolean;
}
