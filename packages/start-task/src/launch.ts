import type { Role } from "./bins/find-bin.js";
import type { StartLimits, StartTaskOptions } from "./options.js";
import type { Preparation } from "./plan/prepare.js";

/** A start whose options are complete, and whose bins are found. */
export interface Launch {
  options: StartTaskOptions;
  limits: StartLimits;
  prepared: Preparation;
  bins: ReadonlyMap<Role, string>;
  token: string | undefined;
  /** For every process, the token included. */
  env: Record<string, string>;
  cwd: string;
  /** start-task's own. */
  version: string;
  signal: AbortSignal;
}
