import type { SampleIndex, TaskOutput } from "@eval/protocol";
import type { RunError } from "../results/journal-record.js";

/** A centre's order to a runner: carry this attempt out, now. Its units of capacity are taken already. */
export interface Grant {
  /** Unique in the run. */
  attempt: string;
  agent: string;
  task: string;
  index: SampleIndex;
  /** Counts from 1. */
  epoch: number;
  /** The how-manieth attempt of this launch at the sample; counts from 1. */
  number: number;
  /** How many runners were lost with the sample. */
  losses: number;
}

/** What came of an attempt. Structured-cloneable: it may come from another process. */
export type AttemptOutcome =
  /** The session ended. Whether its status is a result is the journal's to say. */
  | { kind: "ended"; output: TaskOutput; sessionId?: number | undefined }
  | { kind: "failed"; error: RunError; info: string; output: TaskOutput | null; sessionId?: number | undefined }
  /** The task had no free slot (406): nothing happened. */
  | { kind: "not available" }
  /** The run was stopped. */
  | { kind: "stopped" }
  /** Its runner is gone, and nothing of it runs any more: another runner may carry the sample out. */
  | { kind: "lost"; info: string };
