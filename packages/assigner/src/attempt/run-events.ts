import type { SampleIndex } from "@eval/protocol";
import type { Grant } from "./attempt.js";
import type { Overall } from "./overall.js";
import type { RunError } from "./run-error.js";

/** An event of a run. */
export type EvaluationEvent =
  /** A task is not available yet. */
  | { type: "waiting"; task: string; why: string }
  | { type: "planned"; output: string; cells: { agent: string; task: string; total: number; done: number }[] }
  | { type: "granted"; grant: Grant }
  /** The attempt is over, and its capacities are free. */
  | { type: "ended"; grant: Grant }
  /** Its line is on disk, so the sample counts. */
  | {
      type: "settled";
      agent: string;
      task: string;
      index: SampleIndex;
      epoch: number;
      accepted: boolean;
      /** Whether it is a failure that will be retried. */
      retried: boolean;
      error: RunError | null;
      info: string | null;
    }
  /** An epoch of a cell is complete, and its overall.json is written. */
  | { type: "overall"; agent: string; task: string; epoch: number; overall: Overall };
