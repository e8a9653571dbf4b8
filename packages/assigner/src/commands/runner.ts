import { resolve } from "node:path";
import { CodedError } from "@eval/protocol";
import {
  addLogOptions,
  type Command,
  type LogOptions,
  onShutdown,
  positiveInteger,
  positiveNumber,
  repeatable,
  secondsOption,
} from "@eval/protocol/cli";
import { createLogger } from "@eval/protocol/logger";
import { defaultRedisTimeoutS } from "../attempt/distributed-settings.js";
import type { LoadEvaluationOptions } from "../config/load-evaluation.js";
import type { OwnConfiguration } from "../dispatch/distributed/host/definitions.js";
import type { CommandContext } from "./command-context.js";

/** Times in seconds. */
interface Flags extends LogOptions {
  redis?: string;
  redisCa?: string;
  redisTimeout: number;
  run: string;
  config?: string;
  concurrency: number;
  wait: number;
  drainTimeout: number;
  allowModule: string[];
  allowEnv: string[];
  allowController: string[];
  token?: string;
}

/** One Ctrl-C may arrive as two signals, see onShutdown; after this time, a signal counts as another one. */
const echoMs = 500;

/** `npx @eval/assigner runner`: runs samples of a distributed run. */
export function addRunnerCommand(program: Command, context: CommandContext): void {
  const command = program
    .command("runner")
    .description("run samples of a distributed run until the run is over")
    .requiredOption("--run <name>", "name of the run, as the assigner reports it")
    .option("--redis <url>", "redis://..., or rediss://... for TLS (or set EVAL_REDIS)")
    .option("--redis-ca <file>", "CA certificates (PEM) for verifying the Redis server")
    .option(
      "--redis-timeout <seconds>",
      "how long to wait for Redis when it is unreachable",
      positiveNumber,
      defaultRedisTimeoutS,
    )
    .option("-c, --config <file>", "take agents and tasks from this file instead of from the run")
    .option("--concurrency <number>", "maximum number of samples at once", positiveInteger, 64)
    .option("--wait <seconds>", "how long to wait for a missing run or center", secondsOption, 60)
    .option("--drain-timeout <seconds>", "how long running samples may take after SIGTERM", secondsOption, 600)
    .option("--allow-module <reference>", "a module that the run may load on this host (repeatable)", repeatable, [])
    .option(
      "--allow-env <name>",
      "an environment variable that the run's definitions may read (repeatable)",
      repeatable,
      [],
    )
    .option(
      "--allow-controller <url>",
      "a controller of the run that may receive the token (repeatable)",
      repeatable,
      [],
    )
    .option("--token <token>", "token to send to controllers (or set EVAL_TOKEN)");
  addLogOptions(command).action(async (flags: Flags) => {
    await run(flags, context);
  });
}

async function run(flags: Flags, context: CommandContext): Promise<void> {
  const { env, cwd, stderr } = context;
  const logger = createLogger({ level: flags.logLevel, format: flags.logFormat, stream: stderr });
  const redis = flags.redis ?? env.EVAL_REDIS;
  if (redis === undefined || redis === "")
    throw new CodedError("USAGE", "no Redis is given: set --redis or EVAL_REDIS");
  const token = flags.token ?? (env.EVAL_TOKEN === "" ? undefined : env.EVAL_TOKEN);
  const { runHost } = await import("../dispatch/distributed/host/runner-host.js");
  const { drain, abort, off } = listen(context);
  try {
    const end = await runHost({
      redis,
      redisCa: flags.redisCa === undefined ? undefined : resolve(cwd, flags.redisCa),
      redisTimeoutMs: flags.redisTimeout * 1_000,
      run: flags.run,
      config: flags.config === undefined ? undefined : ownConfiguration(flags.config, { cwd, env, token }),
      concurrency: flags.concurrency,
      waitMs: flags.wait * 1_000,
      drainMs: flags.drainTimeout * 1_000,
      allowModules: flags.allowModule,
      allowEnv: flags.allowEnv,
      allowControllers: flags.allowController,
      token,
      cwd,
      env,
      logger,
      drain,
      abort,
    });
    logger.info(end === "over" ? "The run is over" : "This host has left the run");
  } finally {
    off();
  }
}

/** Loaded when the run is known: a host without its own configuration does not need the loader. */
function ownConfiguration(file: string, options: LoadEvaluationOptions): OwnConfiguration {
  return {
    file,
    load: async () => (await import("../config/load-evaluation.js")).loadEvaluation(file, options),
  };
}

/** The first signal drains, the second ends the running samples, the third ends the process. */
function listen({ process }: CommandContext): { drain: AbortSignal; abort: AbortSignal; off: () => void } {
  const drain = new AbortController();
  const abort = new AbortController();
  let off = onShutdown(
    async () => {
      drain.abort();
      await new Promise((echoed) => setTimeout(echoed, echoMs).unref());
      off();
      off = onShutdown(() => abort.abort(), { process });
    },
    { process },
  );
  return { drain: drain.signal, abort: abort.signal, off: () => off() };
}
