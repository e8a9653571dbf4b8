import type { Environment } from "@eval/protocol/config";
import type { Logger } from "@eval/protocol/logger";
import type { DistributedSettings } from "../attempt/distributed-settings.js";
import type { EvaluationEvent } from "../attempt/run-events.js";
import type { Starved } from "../dispatch/center-options.js";
import type { PlanReport } from "../plan/plan-report.js";
import type { SummaryRow } from "../results/summary.js";

export interface EvaluateOptions {
  /** The base of relative paths. Default: the process's working directory. */
  cwd?: string;
  /** Resolves `${env:NAME}` references. Default: none. */
  env?: Environment;
  /** Overrides the configuration's `output`; `{TIMESTAMP}` is filled in. */
  output?: string | undefined;
  /** A center's type or module; overrides the configuration's `runner`. Default `flow`. */
  runner?: string | undefined;
  /** Number of runner processes; implies the runner `data_parallel`. */
  dataParallel?: number | undefined;
  /** A file of tasks to host in this process; implies the runner `local`. */
  inProcess?: string | undefined;
  /** Options of the `distributed` center; each overrides the configuration's. */
  distributed?: DistributedSettings;
  /** Retries failed samples, up to `maxAttempts` attempts in total. Default false. */
  autoRetry?: boolean;
  /** Maximum number of attempts per sample: after the loss of its runner, and with `autoRetry` after a failure. Default 3. */
  maxAttempts?: number | undefined;
  /** Does not retry samples that have only failed so far. Default false. */
  keepFailed?: boolean;
  /** Allows results of different task versions in one cell. Default false. */
  allowVersionMix?: boolean;
  /** Takes over the output folder even if another process holds its lock. Default false. */
  forceUnlock?: boolean;
  /** Repetitions of each sample, at most 10,000; overrides the configuration's. Default 1. */
  epochs?: number | undefined;
  /** Time limit for one attempt, agent and task time together, in milliseconds; overrides the configuration's. Default: no limit. */
  sampleTimeoutMs?: number | undefined;
  /** Maximum number of agent turns in one sample; overrides the configuration's. Default: no limit. */
  maxTurns?: number | undefined;
  /**
   * Pauses an agent or a task after this many identical failures in a row; 0 disables this. Overrides the configuration's.
   * Default 10.
   */
  circuit?: number | undefined;
  /** How long to wait for workers and for an unreachable controller, in milliseconds. Default 60,000. */
  waitForWorkersMs?: number;
  /** How long sessions stay alive after this process dies, in seconds. Default 60. */
  leaseS?: number;
  /** Sent to the controllers of tasks without their own token. */
  token?: string | undefined;
  logger?: Logger;
  /** Ends the run cleanly: sessions are canceled, and lines are on disk. */
  signal?: AbortSignal;
  onEvent?: (event: EvaluationEvent) => void;
}

export interface EvaluationReport {
  /**
   * `complete`: every sample has a result. `failed`: some have none, or an overall is missing. `starved`: some samples
   * found no worker, or an agent or a task was given up. `interrupted`: the signal was aborted. `planned`: the runner was
   * `dummy`, which runs nothing.
   */
  outcome: "complete" | "failed" | "starved" | "interrupted" | "planned";
  /** Absolute. */
  output: string;
  rows: SummaryRow[];
  /** Tasks and agents that were given up, with the number of remaining samples and the reason: tasks by name, agents as `agent NAME`. */
  starved: ReadonlyMap<string, Starved>;
  /** Whether the aggregate of a complete cell failed. */
  overallFailed: boolean;
  /** The content of `plan.json`; only with the runner `dummy`. */
  plan?: PlanReport;
}
