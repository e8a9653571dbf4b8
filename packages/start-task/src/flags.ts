import {
  addLogOptions,
  type BinContext,
  createProgram,
  type LogOptions,
  nonNegativeInteger,
  portOption,
  positiveNumber,
  readPackageVersion,
  repeatable,
  secondsOption,
} from "@eval/protocol/cli";
import { defaultLimits, type StartLimits } from "./options.js";

/** All times in seconds. */
export interface Flags extends LogOptions {
  config: string;
  start?: string[];
  autoController?: boolean;
  basePort: number;
  controller?: string;
  host: string;
  selfHost?: string;
  token?: string;
  insecure?: boolean;
  allowHost: string[];
  restartLimit: number;
  restartWindow: number;
  restartDelay: number;
  drainTimeout: number;
  stopTimeout: number;
  orphanTimeout: number;
  readyTimeout: number;
  controllerTimeout: number;
  installTimeout: number;
}

export function parseFlags(context: BinContext): Flags {
  const about = {
    name: "npx @eval/start-task",
    description: "Starts workers (and a controller) and manages their processes",
  };
  const program = createProgram({ ...about, version: readPackageVersion(import.meta.url) }, context);
  program
    .allowExcessArguments(false)
    .option("-c, --config <file>", "file with the tasks and the number of workers", "configs/start_task.yaml")
    .option(
      "-s, --start <name num...>",
      "tasks and number of workers for each; replaces the whole start section of the file",
    )
    .option("-a, --auto-controller", "start a controller if none is running at the address, and wait until it answers")
    .option(
      "-p, --base-port <port>",
      "port of the first worker; with 0, each worker chooses a free port",
      portOption,
      5001,
    )
    .option(
      "-l, --controller <address>",
      "address of the controller (default: the file's, else http://localhost:5000/api); with -a, port 0 lets the system choose a free port",
    )
    .option("--host <host>", "address to listen on", "127.0.0.1")
    .option(
      "--self-host <name>",
      "host name under which the controller reaches the workers (default: depends on --host)",
    )
    .option("--token <token>", "token that the controller and the workers require and send (or set EVAL_TOKEN)")
    .option("--insecure", "allow listening beyond this machine without a token")
    .option(
      "--allow-host <name>",
      "host name that the workers and the controller also accept without a token (repeatable)",
      repeatable,
      [],
    )
    .option(
      "--restart-limit <count>",
      "maximum number of restarts of one process within --restart-window",
      nonNegativeInteger,
      defaultLimits.restartLimit,
    );
  const seconds = (flag: string, text: string, ms: number, parse = secondsOption) =>
    program.option(`${flag} <seconds>`, text, parse, ms / 1000);
  seconds(
    "--restart-window",
    "period over which restarts are counted, in seconds",
    defaultLimits.restartWindowMs,
    positiveNumber,
  );
  seconds(
    "--restart-delay",
    "delay before the first restart, in seconds; doubles with each restart, up to 30 s",
    defaultLimits.restartDelayMs,
  );
  seconds(
    "--drain-timeout",
    "how long running samples may continue when a worker is stopped, in seconds",
    defaultLimits.drainTimeoutMs,
  );
  seconds(
    "--stop-timeout",
    "how long a process may take to end after the drain timeout before it is killed, in seconds",
    defaultLimits.stopTimeoutMs,
  );
  seconds(
    "--orphan-timeout",
    "how long processes may take to end if start-task itself was killed, in seconds",
    defaultLimits.orphanTimeoutMs,
  );
  seconds(
    "--ready-timeout",
    "how long to wait until all workers are registered, in seconds",
    defaultLimits.readyTimeoutMs,
  );
  seconds(
    "--controller-timeout",
    "how long to wait until a started controller answers, in seconds",
    defaultLimits.controllerTimeoutMs,
  );
  seconds(
    "--install-timeout",
    "how long npx may take to download a program that is not installed, in seconds",
    defaultLimits.installTimeoutMs,
  );
  addLogOptions(program);
  return program.parse(context.argv, { from: "user" }).opts<Flags>();
}

export function limitsOf(flags: Flags): StartLimits {
  return {
    restartLimit: flags.restartLimit,
    restartWindowMs: flags.restartWindow * 1000,
    restartDelayMs: flags.restartDelay * 1000,
    drainTimeoutMs: flags.drainTimeout * 1000,
    stopTimeoutMs: flags.stopTimeout * 1000,
    orphanTimeoutMs: flags.orphanTimeout * 1000,
    readyTimeoutMs: flags.readyTimeout * 1000,
    controllerTimeoutMs: flags.controllerTimeout * 1000,
    installTimeoutMs: flags.installTimeout * 1000,
  };
}
