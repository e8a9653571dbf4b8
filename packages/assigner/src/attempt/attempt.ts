import type { SampleIndex, TaskOutput } from "@eval/protocol";
import type { AgentFailure } from "@eval/protocol/agent";
import type { Overload } from "./overload.js";
import type { RunError } from "./run-error.js";

/** A centre's order to a runner: carry this attempt out, now. Its units of capacity are taken already. */
export interface Grant {
  /** Unique among what one `start()` of a centre grants. */
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
  /** How many of the attempts before did not count, because its agent or its task was not to be had. */
  repeats: number;
}

/** What came of an attempt that took place. */
export type EndedAttempt = (
  | { kind: "ended"; output: TaskOutput }
  | {
      kind: "failed";
      error: RunError;
      info: string;
      output: TaskOutput | null;
      /** Of an `AGENT_FAILED`: what the agent's error said of itself. */
      agentFailure?: AgentFailure | undefined;
    }
) & {
  sessionId?: number | undefined;
  /** What the agent's endpoint refused meanwhile, if it did. */
  overload?: Overload | undefined;
};

/** What came of an attempt. Structured-cloneable: it may come from another process. */
export type AttemptOutcome =
  /** `ended`: the session ended. Whether its status is a result is the journal's to say. */
  | EndedAttempt
  /** The task had no free slot (406): nothing happened. */
  | { kind: "not available" }
  /** The run was stopped. */
  | { kind: "stopped" }
  /** Its runner is gone, and nothing of it runs any more: another runner may carry the sample out. */
  | { kind: "lost"; info: string };
