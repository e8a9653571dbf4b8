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

/** What the program does where no command is named: it runs one evaluation. */
export function addRun(program: Command, context: CommandContext): void {
  program
    .option("-c, --config <file>", "the assignments", "configs/assignments/default.yaml")
    .option("-r, --auto-retry", "try failed samples again, with backoff")
    .option("--max-attempts <number>", "how often one sample is carried out at most (default: 3)", positiveInteger)
    .option(
      "--sample-timeout <seconds>",
      "how long one attempt at a sample may take (default: no limit)",
      positiveNumber,
    )
    .option("--max-turns <number>", "turns of the agent in one sample (default: no limit)", positiveInteger)
    .option(
      "--circuit <number>",
      "failures alike in a row after which an agent or a task is left alone for a while; 0: never (default: 10)",
      nonNegativeInteger,
    )
    .option("--epochs <number>", "repetitions of each sample (default: the configuration's, else 1)", positiveInteger)
    .option("-o, --output <folder>", "where results go (default: the configuration's output)")
    .option(
      "--runner <runner>",
      "how samples are dispatched: flow, local, data_parallel, distributed, dummy, or a module (default: flow)",
    )
    .option("--data-parallel <number>", "runner processes; alone it means --runner data_parallel", positiveInteger)
    .option("--in-process <file>", "host the tasks of this file here, to debug; alone it means --runner local")
    .option("--redis <url>", "run distributed, over this Redis: redis://... or, for TLS, rediss://... (or EVAL_REDIS)")
    .option("--redis-ca <file>", "certificates (PEM) by which the Redis is trusted")
    .option("--redis-timeout <seconds>", "how long a Redis that is away is waited for (default: 120)", positiveNumber)
    .option("--run <name>", "the run's name for its runner hosts (default: the id in run.json)")
    .option("--keep-failed", "do not run again what has only failed lines")
    .option("--allow-version-mix", "let results of different versions of a task stand together")
    .option("--force-unlock", "take the output folder from whoever holds it")
    .option(
      "--wait-for-workers <seconds>",
      "how long missing workers, a controller out of reach, and what fails again and again are waited for",
      secondsOption,
      60,
    )
    .option("--lease <seconds>", "how long sessions outlive this process", positiveNumber, 60)
    .option("--token <token>", "sent to controllers (or set EVAL_TOKEN)");
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
  if (hasFailed) lines.push("Some samples failed: error.jsonl says why. Launch again to run them again.");
  if (overallFailed) lines.push("An overall could not be made: the log says why. Launch again to make it.");
  if (outcome === "interrupted") lines.push("Interrupted. Launch again with the same output folder to go on.");
  return `${[...lines, `Results: ${output}`].join("\n")}\n`;
}
