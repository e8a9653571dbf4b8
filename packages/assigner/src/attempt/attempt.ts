import type { SampleIndex, TaskOutput } from "@eval/protocol";
import type { AgentFailure } from "@eval/protocol/agent";
import type { Overload } from "./overload.js";
import type { RunError } from "./run-error.js";

/** A center's order to a runner: run this attempt now. Its units of capacity are already claimed. */
export interface Grant {
  /** Unique among the grants of one `start()` of a center. */
  attempt: string;
  agent: string;
  task: string;
  index: SampleIndex;
  /** Counts from 1. */
  epoch: number;
  /** Attempt number of the sample in this launch, counted from 1. */
  number: number;
  /** How often a runner was lost with this sample. */
  losses: number;
  /** How many earlier attempts did not count, because the agent or the task was unavailable. */
  repeats: number;
}

/** The outcome of an attempt that took place. */
export type EndedAttempt = (
  | { kind: "ended"; output: TaskOutput }
  | {
      kind: "failed";
      error: RunError;
      info: string;
      output: TaskOutput | null;
      /** For `AGENT_FAILED`: the classification in the agent's error. */
      agentFailure?: AgentFailure | undefined;
    }
) & {
  sessionId?: number | undefined;
  /** The refusals of the agent's endpoint during the attempt, if any. */
  overload?: Overload | undefined;
};

/** The outcome of an attempt. Structured-cloneable, because it may come from another process. */
export type AttemptOutcome =
  /** `ended`: the session ended. The journal decides whether its status counts as a result. */
  | EndedAttempt
  /** The task had no free slot (406): nothing was started. */
  | { kind: "not available" }
  /** The run was stopped. */
  | { kind: "stopped" }
  /** Its runner is gone, and nothing of it is running: another runner may run the sample. */
  | { kind: "lost"; info: string };
