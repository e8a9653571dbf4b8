import type { Environment } from "@eval/protocol/config";
import type { Logger } from "@eval/protocol/logger";
import type { DistributedSettings } from "../attempt/distributed-settings.js";
import type { EvaluationEvent } from "../attempt/run-events.js";
import type { Starved } from "../dispatch/center-options.js";
import type { PlanReport } from "../plan/plan-report.js";
import type { SummaryRow } from "../results/summary.js";

export interface EvaluateOptions {
  /** Where relative paths start. Default: the process's working directory. */
  cwd?: string;
  /** For `${env:NAME}` references. Default: none. */
  env?: Environment;
  /** Stands above the configuration's `output`; `{TIMESTAMP}` is filled in. */
  output?: string | undefined;
  /** A centre's type or module; stands above the configuration's `runner`. Default `flow`. */
  runner?: string | undefined;
  /** Runner processes; alone it means the runner `data_parallel`. */
  dataParallel?: number | undefined;
  /** A file of tasks to be hosted in this process; alone it means the runner `local`. */
  inProcess?: string | undefined;
  /** For the `distributed` centre; each stands above the configuration's. */
  distributed?: DistributedSettings;
  /** Failed samples are tried again, up to `maxAttempts` times in all. Default false. */
  autoRetry?: boolean;
  /** How often a sample is carried out at most: after a loss of its runner, and with `autoRetry` after a failure. Default 3. */
  maxAttempts?: number | undefined;
  /** Samples that have only failed lines are not run again. Default false. */
  keepFailed?: boolean;
  /** Results of different versions of a task may stand in one cell. Default false. */
  allowVersionMix?: boolean;
  /** Takes the output folder whoever holds it. Default false. */
  forceUnlock?: boolean;
  /** Repetitions of each sample, at most 10,000; above the configuration's. Default 1. */
  epochs?: number | undefined;
  /** Milliseconds of one attempt, agent's and task's time together; above the configuration's. Default: no limit. */
  sampleTimeoutMs?: number | undefined;
  /** The agent's turns in one sample; above the configuration's. Default: no limit. */
  maxTurns?: number | undefined;
  /**
   * So many failures alike in a row, and nothing is sent to an agent or a task for a while; 0: never. Above the
   * configuration's. Default 10.
   */
  circuit?: number | undefined;
  /** How long workers, and a controller out of reach, are waited for, in milliseconds. Default 60,000. */
  waitForWorkersMs?: number;
  /** Seconds that sessions outlive this process. Default 60. */
  leaseS?: number;
  /** Sent to controllers by tasks that have no token of their own. */
  token?: string | undefined;
  logger?: Logger;
  /** Ends the run cleanly: sessions cancelled, lines on disk. */
  signal?: AbortSignal;
  onEvent?: (event: EvaluationEvent) => void;
}

export interface EvaluationReport {
  /**
   * `complete`: every sample has a result. `failed`: some have none, or an overall could not be made. `starved`: no
   * worker came for some, or an agent or a task was given up. `interrupted`: the signal was aborted. `planned`: the
   * runner was `dummy`, which runs nothing.
   */
  outcome: "complete" | "failed" | "starved" | "interrupted" | "planned";
  /** Absolute. */
  output: string;
  rows: SummaryRow[];
  /** What was given up, with the number of samples left and the reason: tasks by their names, agents as `agent NAME`. */
  starved: ReadonlyMap<string, Starved>;
  /** The aggregate of some complete cell could not be made. */
  overallFailed: boolean;
  /** What `plan.json` holds; with the runner `dummy` alone. */
  plan?: PlanReport;
}
