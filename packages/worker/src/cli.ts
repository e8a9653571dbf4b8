import {
  addLogOptions,
  addServerOptions,
  type BinContext,
  createProgram,
  exitCodeOf,
  type LogOptions,
  onShutdown,
  positiveNumber,
  readPackageVersion,
  resolveToken,
  type ServerOptions,
  type ShutdownSignal,
  secondsOption,
} from "@eval/protocol/cli";
import { createLogger, type Logger } from "@eval/protocol/logger";
import { loadTask } from "./load-task.js";
import { type RunningWorker, runWorker } from "./run-worker.js";

/** All times in seconds. */
interface Flags extends ServerOptions, LogOptions {
  config: string;
  controller: string;
  self?: string;
  drainTimeout: number;
  cancelTimeout: number;
  grace: number;
  sessionExpire: number;
  heartbeat: number;
  maxBodyMb: number;
}

const version = () => readPackageVersion(import.meta.url);

/** `npx @eval/worker NAME`: hosts the task until a signal ends it. Returns the exit code. */
export async function main(context: BinContext): Promise<number> {
  const { name, flags } = parseFlags(context);
  const { host, port, insecure, controller, self } = flags;
  const token = resolveToken({ host, token: flags.token, insecure, env: context.env });
  const logger = createLogger({ level: flags.logLevel, format: flags.logFormat, label: name, stream: context.stderr });
  const warn = (message: string) => logger.warn(message);
  const task = await loadTask({ name, file: flags.config, env: context.env, cwd: context.cwd, warn });
  const running = await runWorker({
    ...{ task, port, host, controller, token, logger, version: version() },
    ...(self !== undefined && { self }),
    allowHosts: flags.allowHost,
    heartbeatMs: flags.heartbeat * 1000,
    cancelDeadlineMs: flags.cancelTimeout * 1000,
    graceMs: flags.grace * 1000,
    sessionExpireMs: flags.sessionExpire * 1000,
    maxBodyBytes: flags.maxBodyMb * 1024 * 1024,
  });
  logger.info(`Hosting ${task.name} on ${running.address}`, { samples: running.host.indices.length, host });
  // Before the address is announced: a reader of the log may send a signal immediately.
  const stopped = untilStopped(context, running, flags.drainTimeout, logger);
  context.send?.({ type: "eval:listening", port: running.port, address: running.address });
  return stopped;
}

function untilStopped(context: BinContext, running: RunningWorker, drainS: number, logger: Logger): Promise<number> {
  return new Promise((resolve) => {
    const stop = async (signal: ShutdownSignal) => {
      if (running.host.current > 0) logger.info(`Draining ${running.host.current} samples, for up to ${drainS} s`);
      await running.stop(drainS * 1000);
      resolve(signal === "SIGTERM" ? 0 : exitCodeOf(signal));
    };
    onShutdown(stop, { process: context.process });
  });
}

function parseFlags(context: BinContext): { name: string; flags: Flags } {
  const about = { name: "npx @eval/worker", description: "Hosts a task: its environment and its data set" };
  const program = createProgram({ ...about, version: version() }, context);
  program
    .argument("<name>", "name of the task in the configuration file")
    .option("-c, --config <file>", "file that defines the task", "configs/tasks/task_assembly.yaml")
    .option("-C, --controller <address>", "address of the controller", "http://localhost:5000/api")
    .option(
      "--self <address>",
      "address at which the controller reaches this worker (default: http://localhost:<port>/api)",
    );
  addServerOptions(program, { port: 5001 });
  program
    .option("--drain-timeout <seconds>", "how long running samples may continue after SIGTERM", secondsOption, 30)
    .option("--cancel-timeout <seconds>", "how long a canceled sample may take to end", secondsOption, 30)
    .option(
      "--grace <seconds>",
      "how long sessions outlive their lease while the controller is unreachable",
      secondsOption,
      30,
    )
    .option(
      "--session-expire <seconds>",
      "seconds without a turn before a v0.2 controller's session is canceled",
      secondsOption,
      1_800,
    )
    .option("--heartbeat <seconds>", "seconds between two heartbeats", positiveNumber, 8)
    .option("--max-body-mb <megabytes>", "maximum size of a request body", positiveNumber, 64);
  addLogOptions(program);
  program.parse(context.argv, { from: "user" });
  return { name: program.args[0] as string, flags: program.opts<Flags>() };
}
