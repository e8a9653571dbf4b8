import type { spawn } from "node:child_process";
import type { Writable } from "node:stream";
import type { Environment } from "@eval/protocol/config";
import type { LogFormat, Logger, LogLevel } from "@eval/protocol/logger";
import type { Role } from "./bins/find-bin.js";
import type { StartOption } from "./plan/task-counts.js";
import type { LaunchEvent } from "./processes/launch-event.js";

/** Times in milliseconds. */
export interface StartLimits {
  /** Restarts of one process within the window; one crash more, and it is given up. */
  restartLimit: number;
  restartWindowMs: number;
  /** Before the first restart; doubles with every crash in the window, up to 30 s. */
  restartDelayMs: number;
  /** How long running samples may go on when a worker is stopped. */
  drainTimeoutMs: number;
  /** How long a process may take to end after the drain timeout before it is killed. */
  stopTimeoutMs: number;
  /** If this program was killed, how long its processes may take to end before they are killed too. */
  orphanTimeoutMs: number;
  /** Until all workers are registered. */
  readyTimeoutMs: number;
  /** Until a controller that was started answers. */
  controllerTimeoutMs: number;
  /** How long npx may take to download a bin that is not installed. */
  installTimeoutMs: number;
}

export const defaultLimits: StartLimits = {
  restartLimit: 5,
  restartWindowMs: 600_000,
  restartDelayMs: 1_000,
  drainTimeoutMs: 30_000,
  stopTimeoutMs: 40_000,
  orphanTimeoutMs: 10_000,
  readyTimeoutMs: 120_000,
  controllerTimeoutMs: 30_000,
  installTimeoutMs: 300_000,
};

export interface StartTaskOptions {
  /** Default `configs/start_task.yaml`. */
  config?: string | undefined;
  /** `{name: workers}` or `[name, workers, ...]` as texts; overrides all of the file's `start`. */
  start?: StartOption | undefined;
  /** Starts a controller if none answers. Default false. */
  autoController?: boolean | undefined;
  /** The first worker's port; 0: each chooses its own. Default 5001. */
  basePort?: number | undefined;
  /** Overrides the file's; default http://localhost:5000/api. Port 0, with `autoController`: the system chooses. */
  controller?: string | undefined;
  /** Address to listen on. Default 127.0.0.1. */
  host?: string | undefined;
  /** Name under which the controller reaches the workers. Default: depends on `host`. */
  selfHost?: string | undefined;
  /** Of the controller and the workers. Default: EVAL_TOKEN of `env`. Where one is needed and the controller is started here, it is made. */
  token?: string | undefined;
  /** Listen beyond this machine without a token. Default false. */
  insecure?: boolean | undefined;
  /**
   * Host names that requests without a token may use, in addition to loopback names, IP addresses and the names in `host`,
   * `selfHost` and `controller`. Default: none.
   */
  allowHosts?: readonly string[] | undefined;
  limits?: Partial<StartLimits> | undefined;
  /** Default: the process's working directory. */
  cwd?: string | undefined;
  /** For references in the file, for PATH, and for the processes. */
  env: Environment;
  logger: Logger;
  /** Of the processes. Default: theirs. */
  logLevel?: LogLevel | undefined;
  logFormat?: LogFormat | undefined;
  /** Where the processes' output goes, line by line. Default: this process's own. */
  stdout?: Writable | undefined;
  stderr?: Writable | undefined;
  /** Files of the bins, to skip the search for them. */
  bins?: Partial<Record<Role, string>> | undefined;
  onEvent?: ((event: LaunchEvent) => void) | undefined;
  /** Ends the start while it is under way. */
  signal?: AbortSignal | undefined;
  /** Default: Node's. */
  spawn?: typeof spawn | undefined;
}
