import { messageOf } from "@eval/protocol";
import { type BinContext, exitCodeOf, onShutdown, resolveToken, type ShutdownSignal } from "@eval/protocol/cli";
import { createLogger, type Logger } from "@eval/protocol/logger";
import { type Flags, limitsOf, parseFlags } from "./flags.js";
import type { RunningTasks } from "./running-tasks.js";
import { startTask } from "./start-task.js";

/** `npx @eval/start-task`: runs until a signal ends it, or nothing is left running. Returns the exit code. */
export async function main(context: BinContext): Promise<number> {
  const flags = parseFlags(context);
  const { logLevel, stderr, format } = { ...flags, stderr: context.stderr, format: logFormatOf(flags, context) };
  const logger = createLogger({ level: logLevel, format, label: "start-task", stream: stderr });
  const stopping = new AbortController();
  let running: RunningTasks | undefined;
  let signal: ShutdownSignal | undefined;
  const stop = async (received: ShutdownSignal) => {
    signal = received;
    logger.info("Stopping; a second signal kills all processes immediately");
    stopping.abort(new Error(`ended by ${received}`));
    await running?.stop();
  };
  onShutdown(stop, { process: context.process, onForce: () => running?.kill() });
  try {
    running = await startTask(optionsOf(flags, context, logger, stopping.signal));
    announce(running, logger, stopping.signal);
    const failure = await running.ended;
    if (failure !== undefined) throw failure;
  } catch (error) {
    if (signal === undefined) throw error;
  }
  return signal === undefined || signal === "SIGTERM" ? 0 : exitCodeOf(signal);
}

function optionsOf(flags: Flags, context: BinContext, logger: Logger, signal: AbortSignal) {
  const { env, cwd, stdout, stderr } = context;
  const { config, start, autoController, basePort, controller, host, selfHost, insecure, logLevel, allowHost } = flags;
  return {
    ...{ config, start, autoController, basePort, controller, host, selfHost, insecure, logLevel },
    ...{ env, cwd, logger, signal, limits: limitsOf(flags), logFormat: logFormatOf(flags, context) },
    allowHosts: allowHost,
    // Checked here; whether one is needed is found out later.
    token: resolveToken({ host: "localhost", token: flags.token, env }),
    stdout: stdout as NodeJS.WriteStream,
    stderr: stderr as NodeJS.WriteStream,
  };
}

/** The processes write into pipes, and would therefore choose the format for programs. */
function logFormatOf(flags: Flags, { stderr }: BinContext) {
  return flags.logFormat ?? (stderr.isTTY === true ? "pretty" : "json");
}

function announce(running: RunningTasks, logger: Logger, stopping: AbortSignal): void {
  const { controllerAddress, workers, tokenFile } = running;
  if (tokenFile !== undefined) {
    const hint = `on other machines, set EVAL_TOKEN="$(cat ${tokenFile})"`;
    logger.info(`Created a token, because the servers listen beyond this machine. It is in ${tokenFile}: ${hint}`);
  }
  running.ready.then(
    () => logger.info(`${allRegistered(workers.length)} at ${controllerAddress}`),
    (error) =>
      stopping.aborted ||
      logger.error(`Not all workers are registered; continuing with the running ones: ${messageOf(error)}`),
  );
}

function allRegistered(count: number): string {
  return count === 1 ? "The worker is registered" : `All ${count} workers are registered`;
}
