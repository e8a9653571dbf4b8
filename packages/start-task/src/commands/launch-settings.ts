import type { LogFormat, LogLevel } from "@eval/protocol/logger";

/** The common settings of all workers' command lines. */
export interface WorkerSettings {
  /** Absolute path of the configuration file. */
  config: string;
  /** Address of the controller. */
  controller: string;
  /** Address to listen on. */
  host: string;
  /** Name under which the controller reaches the workers. */
  selfHost: string;
  insecure: boolean;
  allowHosts: readonly string[];
  /** How long running samples may go on after SIGTERM, in seconds. */
  drainTimeoutS: number;
  logLevel?: LogLevel | undefined;
  logFormat?: LogFormat | undefined;
}

export interface ControllerSettings {
  host: string;
  port: number;
  insecure: boolean;
  allowHosts: readonly string[];
  logLevel?: LogLevel | undefined;
  logFormat?: LogFormat | undefined;
}
