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
import { createLogger } from "@eval/protocol/logger";
import { type ControllerLimits, defaultLimits } from "./limits.js";
import { type RunningController, runController } from "./run-controller.js";

/** All times in seconds. */
interface Flags extends ServerOptions, LogOptions {
  comaAfter: number;
  forgetAfter: number;
  recoveryWindow: number;
  sessionExpire: number;
  workerTimeout: number;
  overallTimeout: number;
  maxBodyMb: number;
}

const version = () => readPackageVersion(import.meta.url);

/** `npx @eval/controller`: runs until a signal ends it. Returns the exit code. */
export async function main(context: BinContext): Promise<number> {
  const flags = parseFlags(context);
  const { host, port, token, insecure } = flags;
  const logger = createLogger({
    level: flags.logLevel,
    format: flags.logFormat,
    label: "controller",
    stream: context.stderr,
  });
  const running = await runController({
    port,
    host,
    allowHosts: flags.allowHost,
    token: resolveToken({ host, token, insecure, env: context.env }),
    logger,
    version: version(),
    maxBodyBytes: flags.maxBodyMb * 1024 * 1024,
    ...limitsOf(flags),
  });
  logger.info(`Listening on ${running.address}`, { host });
  // Before it is announced: whoever hears of it may send a signal at once.
  const stopped = untilStopped(context, running);
  context.send?.({ type: "eval:listening", port: running.port, address: running.address });
  return stopped;
}

function untilStopped(context: BinContext, running: RunningController): Promise<number> {
  return new Promise((resolve) => {
    const stop = async (signal: ShutdownSignal) => {
      await running.stop();
      resolve(signal === "SIGTERM" ? 0 : exitCodeOf(signal));
    };
    onShutdown(stop, { process: context.process });
  });
}

function limitsOf(flags: Flags): ControllerLimits {
  return {
    comaAfterMs: flags.comaAfter * 1000,
    forgetAfterMs: flags.forgetAfter * 1000,
    recoveryWindowMs: flags.recoveryWindow * 1000,
    sessionExpireMs: flags.sessionExpire * 1000,
    workerTimeoutMs: flags.workerTimeout * 1000,
    overallTimeoutMs: flags.overallTimeout * 1000,
  };
}

function parseFlags(context: BinContext): Flags {
  const about = { name: "npx @eval/controller", description: "Knows the workers and routes every conversation" };
  const program = createProgram({ ...about, version: version() }, context).allowExcessArguments(false);
  addServerOptions(program, { port: 5000 });
  const seconds = (flag: string, text: string, ms: number) =>
    program.option(`${flag} <seconds>`, text, secondsOption, ms / 1000);
  seconds("--coma-after", "without a heartbeat for so long, a worker gets no new session", defaultLimits.comaAfterMs);
  seconds("--forget-after", "without contact for so long, a worker is forgotten", defaultLimits.forgetAfterMs);
  seconds("--recovery-window", "after the start, workers may come back for so long", defaultLimits.recoveryWindowMs);
  seconds("--session-expire", "a v0.2 client's session lives so long without a turn", defaultLimits.sessionExpireMs);
  seconds("--worker-timeout", "how long a start, or a turn of a v0.2 worker, may take", defaultLimits.workerTimeoutMs);
  seconds("--overall-timeout", "how long a task may take over its overall", defaultLimits.overallTimeoutMs);
  program.option("--max-body-mb <megabytes>", "bound of a request's body", positiveNumber, 64);
  addLogOptions(program);
  return program.parse(context.argv, { from: "user" }).opts<Flags>();
}
