import type { SampleIndex } from "@eval/protocol";

/** A task as reported by its controller. */
export interface KnownTask {
  indices: SampleIndex[];
  /** The task's own version, if it has one. */
  version: string | undefined;
  /** Whether its aggregate reads histories; a v0.2 task does not report this, and gets them. */
  needsHistory: boolean;
}
