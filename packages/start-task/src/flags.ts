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
    description: "Brings workers (and a controller) up and owns their processes",
  };
  const program = createProgram({ ...about, version: readPackageVersion(import.meta.url) }, context);
  program
    .allowExcessArguments(false)
    .option("-c, --config <file>", "what tasks there are, and how many workers to start", "configs/start_task.yaml")
    .option("-s, --start <name num...>", "tasks and their numbers of workers; overrides all of the file's start")
    .option("-a, --auto-controller", "start a controller where none answers, and wait until it does")
    .option("-p, --base-port <port>", "the first worker's port; 0: each chooses its own", portOption, 5001)
    .option(
      "-l, --controller <address>",
      "the controller (default: the file's, else http://localhost:5000/api); with -a, port 0 lets the system choose",
    )
    .option("--host <host>", "address to listen on", "127.0.0.1")
    .option("--self-host <name>", "name under which the controller reaches the workers (default: follows from --host)")
    .option("--token <token>", "token to demand of callers, and to send (or set EVAL_TOKEN)")
    .option("--insecure", "listen beyond this machine without a token")
    .option(
      "--allow-host <name>",
      "host name that the workers and the controller accept without a token, too (repeatable)",
      repeatable,
      [],
    )
    .option(
      "--restart-limit <count>",
      "restarts of one process within the window",
      nonNegativeInteger,
      defaultLimits.restartLimit,
    );
  const seconds = (flag: string, text: string, ms: number, parse = secondsOption) =>
    program.option(`${flag} <seconds>`, text, parse, ms / 1000);
  seconds("--restart-window", "the time in which restarts are counted", defaultLimits.restartWindowMs, positiveNumber);
  seconds("--restart-delay", "before the first restart; doubles, up to 30 s", defaultLimits.restartDelayMs);
  seconds("--drain-timeout", "how long running samples may go on after SIGTERM", defaultLimits.drainTimeoutMs);
  seconds("--stop-timeout", "how long a process may take to end after that", defaultLimits.stopTimeoutMs);
  seconds("--orphan-timeout", "the same, where start-task itself was killed", defaultLimits.orphanTimeoutMs);
  seconds("--ready-timeout", "until all workers are registered", defaultLimits.readyTimeoutMs);
  seconds("--controller-timeout", "until a controller that was started answers", defaultLimits.controllerTimeoutMs);
  seconds("--install-timeout", "for npx, where a program is not installed", defaultLimits.installTimeoutMs);
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
