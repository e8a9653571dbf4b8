import { resolve } from "node:path";
import { errorTable } from "@eval/protocol";
import {
  addLogOptions,
  type Command,
  type LogOptions,
  nonNegativeInteger,
  onShutdown,
  positiveInteger,
  positiveNumber,
  secondsOption,
} from "@eval/protocol/cli";
import { createLogger, type Logger } from "@eval/protocol/logger";
import type { EvaluateOptions, EvaluationReport } from "../run/evaluate-options.js";
import type { CommandContext } from "./command-context.js";

/** All times in seconds. */
interface Flags extends LogOptions {
  config: string;
  output?: string;
  runner?: string;
  dataParallel?: number;
  inProcess?: string;
  autoRetry?: boolean;
  maxAttempts?: number;
  keepFailed?: boolean;
  allowVersionMix?: boolean;
  forceUnlock?: boolean;
  waitForWorkers: number;
  lease: number;
  sampleTimeout?: number;
  maxTurns?: number;
  circuit?: number;
  epochs?: number;
  token?: string;
  redis?: string;
  redisCa?: string;
  redisTimeout?: number;
  run?: string;
}

const exitCodes: Record<EvaluationReport["outcome"], number> = {
  complete: 0,
  failed: 1,
  starved: errorTable.NO_WORKERS_AVAILABLE.exit,
  interrupted: 130,
  planned: 0,
};

/** The default action of the program: runs one evaluation. */
export function addRun(program: Command, context: CommandContext): void {
  program
    .option("-c, --config <file>", "the assignment file", "configs/assignments/default.yaml")
    .option("-r, --auto-retry", "retry failed samples, with backoff")
    .option("--max-attempts <number>", "maximum number of attempts per sample (default: 3)", positiveInteger)
    .option("--sample-timeout <seconds>", "time limit for one attempt at a sample (default: no limit)", positiveNumber)
    .option("--max-turns <number>", "maximum number of agent turns in one sample (default: no limit)", positiveInteger)
    .option(
      "--circuit <number>",
      "pause an agent or task after this many identical failures in a row; 0 disables this (default: 10)",
      nonNegativeInteger,
    )
    .option(
      "--epochs <number>",
      "repetitions of each sample (default: from the configuration, else 1)",
      positiveInteger,
    )
    .option("-o, --output <folder>", "folder for the results (default: the configuration's output)")
    .option(
      "--runner <runner>",
      "how samples are dispatched: flow, local, data_parallel, distributed, dummy, or a module (default: flow)",
    )
    .option("--data-parallel <number>", "number of runner processes; implies --runner data_parallel", positiveInteger)
    .option("--in-process <file>", "host the tasks of this file in this process, for debugging; implies --runner local")
    .option("--redis <url>", "run distributed over this Redis: redis://..., or rediss://... for TLS (or EVAL_REDIS)")
    .option("--redis-ca <file>", "CA certificates (PEM) for verifying the Redis server")
    .option(
      "--redis-timeout <seconds>",
      "how long to wait for Redis when it is unreachable (default: 120)",
      positiveNumber,
    )
    .option("--run <name>", "name by which runner hosts find this run (default: the id in run.json)")
    .option("--keep-failed", "do not retry samples that have only failed so far")
    .option("--allow-version-mix", "allow results of different task versions in one folder")
    .option("--force-unlock", "take over the output folder even if another process holds its lock")
    .option(
      "--wait-for-workers <seconds>",
      "how long to wait for workers, the controller, or a failing agent or task before giving up",
      secondsOption,
      60,
    )
    .option("--lease <seconds>", "how long sessions stay alive after this process dies", positiveNumber, 60)
    .option("--token <token>", "token to send to controllers (or set EVAL_TOKEN)");
  addLogOptions(program).action(async (flags: Flags) => {
    context.exitWith(await run(flags, context));
  });
}

async function run(flags: Flags, context: CommandContext): Promise<number> {
  const logger = createLogger({ level: flags.logLevel, format: flags.logFormat, stream: context.stderr });
  const interrupt = new AbortController();
  const off = onShutdown(() => interrupt.abort(), { process: context.process });
  const [{ evaluate }, { createProgress }, { renderSummary }, { renderPlan }] = await Promise.all([
    import("../run/evaluate.js"),
    import("../run/progress/progress.js"),
    import("../results/summary.js"),
    import("../plan/plan-report.js"),
  ]);
  const progress = createProgress(context.stderr);
  try {
    const options = optionsOf(flags, context, logger);
    const report = await evaluate(flags.config, {
      ...options,
      signal: interrupt.signal,
      onEvent: (event) => progress.onEvent(event),
    });
    progress.stop();
    const { plan, output } = report;
    context.stdout.write(plan ? `${renderPlan(plan)}\nPlan: ${output}\n` : describeReport(report, renderSummary));
    return exitCodes[report.outcome];
  } finally {
    progress.stop();
    off();
  }
}

function optionsOf(flags: Flags, { env, cwd }: CommandContext, logger: Logger): EvaluateOptions {
  const { redis, redisCa, redisTimeout, run } = flags;
  return {
    cwd,
    env,
    logger,
    output: flags.output,
    runner: flags.runner,
    dataParallel: flags.dataParallel,
    inProcess: flags.inProcess,
    distributed: {
      redis,
      redis_ca: redisCa === undefined ? undefined : resolve(cwd, redisCa),
      redis_timeout: redisTimeout,
      run,
    },
    autoRetry: flags.autoRetry ?? false,
    maxAttempts: flags.maxAttempts,
    keepFailed: flags.keepFailed ?? false,
    allowVersionMix: flags.allowVersionMix ?? false,
    forceUnlock: flags.forceUnlock ?? false,
    waitForWorkersMs: flags.waitForWorkers * 1000,
    leaseS: flags.lease,
    sampleTimeoutMs: flags.sampleTimeout === undefined ? undefined : flags.sampleTimeout * 1000,
    maxTurns: flags.maxTurns,
    circuit: flags.circuit,
    epochs: flags.epochs,
    token: flags.token ?? (env.EVAL_TOKEN === "" ? undefined : env.EVAL_TOKEN),
  };
}

function describeReport(
  { outcome, output, rows, starved, overallFailed }: EvaluationReport,
  renderSummary: (rows: EvaluationReport["rows"]) => string,
): string {
  const lines = rows.length > 0 ? [renderSummary(rows)] : [];
  for (const [task, { left, why }] of starved)
    lines.push(`${task}: ${why}; ${left} samples are left for the next launch.`);
  const hasFailed = rows.some(({ failed }) => failed > 0);
  if (hasFailed) lines.push("Some samples failed: see error.jsonl. Launch again to retry them.");
  if (overallFailed) lines.push("An overall is missing: see the log. The results are saved; launch again to retry.");
  if (outcome === "interrupted") lines.push("Interrupted. Launch again with the same output folder to continue.");
  return `${[...lines, `Results: ${output}`].join("\n")}\n`;
}
