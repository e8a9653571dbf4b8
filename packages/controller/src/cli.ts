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
  // Before the address is announced: a reader of the log may send a signal immediately.
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
  const about = { name: "npx @eval/controller", description: "Registers workers and routes every conversation" };
  const program = createProgram({ ...about, version: version() }, context).allowExcessArguments(false);
  addServerOptions(program, { port: 5000 });
  const seconds = (flag: string, text: string, ms: number) =>
    program.option(`${flag} <seconds>`, text, secondsOption, ms / 1000);
  seconds(
    "--coma-after",
    "seconds without a heartbeat before a worker gets no new sessions",
    defaultLimits.comaAfterMs,
  );
  seconds(
    "--forget-after",
    "seconds without contact before a worker and its sessions are forgotten",
    defaultLimits.forgetAfterMs,
  );
  seconds(
    "--recovery-window",
    "seconds after start in which earlier workers may reconnect",
    defaultLimits.recoveryWindowMs,
  );
  seconds(
    "--session-expire",
    "seconds without a turn before a v0.2 client's session is canceled",
    defaultLimits.sessionExpireMs,
  );
  seconds(
    "--worker-timeout",
    "how long a worker may take to start a session, or a v0.2 worker to answer a turn",
    defaultLimits.workerTimeoutMs,
  );
  seconds("--overall-timeout", "how long a task may take to calculate its overall", defaultLimits.overallTimeoutMs);
  program.option("--max-body-mb <megabytes>", "maximum size of a request body", positiveNumber, 64);
  addLogOptions(program);
  return program.parse(context.argv, { from: "user" }).opts<Flags>();
}
