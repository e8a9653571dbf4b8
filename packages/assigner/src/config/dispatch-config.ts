import { resolve } from "node:path";
import { CodedError } from "@eval/protocol";
import type { Environment } from "@eval/protocol/config";
import { z } from "zod";
import { type DistributedSettings, distributedSchema } from "../attempt/distributed-settings.js";
import { isRunnerType, type RunnerType } from "../attempt/runner-type.js";
import { type ConfigReader, valueAt } from "./config-reader.js";

/** The dispatch settings of a configuration. */
export interface DispatchConfig {
  /** A center's type or module; undefined if the file does not set it. */
  runner: string | undefined;
  /** Of `runner: {module, parameters}`: a custom center. */
  parameters: Record<string, unknown>;
  /** The settings under the names of the bundled centers. */
  centers: CenterSettings;
}

/** The dispatch settings of the command line or of an embedding program. */
export interface DispatchFlags {
  runner?: string | undefined;
  /** Number of runner processes. */
  dataParallel?: number | undefined;
  /** A file of tasks to host in this process; relative to the working directory. */
  inProcess?: string | undefined;
  distributed?: DistributedSettings;
  /** Its `EVAL_REDIS` sets the Redis of a distributed run if no flag does; it does not choose the runner. */
  env?: Environment;
  maxAttempts?: number | undefined;
  autoRetry?: boolean;
}

/** The center to create, with its own options. */
export interface CenterChoice {
  runner: string;
  parameters: Record<string, unknown>;
}

const countSchema = z.number("must be a positive integer").int("must be a positive integer").positive();
const secondsSchema = z
  .number("must be a number of seconds")
  .positive("must be more than 0 seconds")
  .max(86_400, "must be at most 86400 seconds, a day");

const dataParallelSchema = z.union(
  [
    countSchema.transform((runners) => ({ runners })),
    z.object({ runners: countSchema.optional(), deadline_s: secondsSchema.optional() }),
  ],
  "must be a number of runners, or {runners, deadline_s}",
);
const localSchema = z.object(
  { in_process: z.string("must be a file of tasks").min(1).optional() },
  "must be a mapping",
);
const runnerSchema = z.union(
  [z.string().min(1), z.object({ module: z.string().min(1), parameters: z.record(z.string(), z.unknown()).nullish() })],
  "must be a type, a module, or {module, parameters}",
);

/** `data_parallel: 4` is short for `{runners: 4}`. */
const centerSchemas = {
  data_parallel: dataParallelSchema,
  local: localSchema,
  distributed: distributedSchema,
} as const;

type CenterSettings = {
  -readonly [Type in keyof typeof centerSchemas]?: z.output<(typeof centerSchemas)[Type]> | undefined;
};

/** The configuration keys about dispatch. */
export const dispatchKeys = ["runner", ...Object.keys(centerSchemas)] as readonly string[];

export function readDispatch(reader: ConfigReader, raw: unknown): DispatchConfig {
  const given = valueAt(raw, ["runner"]) === undefined ? undefined : reader.read(["runner"], runnerSchema);
  const centers: CenterSettings = {};
  if (valueAt(raw, ["data_parallel"]) !== undefined) {
    centers.data_parallel = reader.read(["data_parallel"], dataParallelSchema);
  }
  if (valueAt(raw, ["local"]) !== undefined) centers.local = reader.read(["local"], localSchema);
  if (valueAt(raw, ["distributed"]) !== undefined)
    centers.distributed = reader.read(["distributed"], distributedSchema);
  if (typeof given === "object") return { runner: given.module, parameters: given.parameters ?? {}, centers };
  const named = Object.keys(centers);
  if (valueAt(raw, ["runner"]) === undefined && named.length > 1) {
    reader.report(["runner"], `is missing: ${named.join(" and ")} are both set, but only one of them can run`);
  }
  return { runner: given ?? named[0], parameters: {}, centers };
}

/**
 * The command line overrides the file. An explicit runner overrides one that is implied by its option: `--data-parallel 4`
 * alone implies `--runner data_parallel`.
 */
export function chooseCenter(config: DispatchConfig, flags: DispatchFlags, folders: Folders): CenterChoice {
  const { runner = config.runner ?? "flow" } = { runner: flags.runner ?? impliedBy(flags) };
  assertFits(runner, flags);
  if (!isRunnerType(runner)) return { runner, parameters: runner === config.runner ? config.parameters : {} };
  return { runner, parameters: parametersOf(runner, config, flags, folders) };
}

interface Folders {
  configDir: string;
  cwd: string;
}

function impliedBy({ dataParallel, inProcess, distributed }: DispatchFlags): RunnerType | undefined {
  if (inProcess !== undefined) return "local";
  if (distributed?.redis !== undefined) return "distributed";
  return dataParallel === undefined ? undefined : "data_parallel";
}

/** Refuses options that the runner would ignore, except with `dummy`, which reports what another runner would do. */
function assertFits(runner: string, flags: DispatchFlags): void {
  const { inProcess, dataParallel, maxAttempts, autoRetry = false } = flags;
  const { redis, redis_ca, redis_timeout, run } = flags.distributed ?? {};
  const isGiven: [flag: string, of: RunnerType, value: unknown][] = [
    ["--in-process", "local", inProcess],
    ["--data-parallel", "data_parallel", dataParallel],
    ["--redis", "distributed", redis],
    ["--redis-ca", "distributed", redis_ca],
    ["--redis-timeout", "distributed", redis_timeout],
    ["--run", "distributed", run],
  ];
  const stray = isGiven.find(([, of, value]) => value !== undefined && of !== runner);
  if (stray !== undefined && runner !== "dummy") {
    throw new CodedError("USAGE", `${stray[0]} is for --runner ${stray[1]}; this is ${runner}`);
  }
  const losesNoRunner = runner === "flow" || runner === "local";
  if (maxAttempts !== undefined && !autoRetry && losesNoRunner) {
    const why = `with ${runner} it only limits the attempts at failed samples`;
    throw new CodedError("USAGE", `--max-attempts needs --auto-retry: ${why}`);
  }
}

function parametersOf(
  type: RunnerType,
  { centers }: DispatchConfig,
  { dataParallel, inProcess, distributed = {}, env = {} }: DispatchFlags,
  { configDir, cwd }: Folders,
): Record<string, unknown> {
  if (type === "data_parallel") {
    return { ...centers.data_parallel, ...(dataParallel !== undefined && { runners: dataParallel }) };
  }
  if (type === "distributed") {
    const { redis_ca: ca } = centers.distributed ?? {};
    const given = Object.entries(distributed).filter(([, value]) => value !== undefined);
    const own = { ...centers.distributed, ...(ca !== undefined && { redis_ca: resolve(configDir, ca) }) };
    const ofEnvironment = env.EVAL_REDIS ? { redis: env.EVAL_REDIS } : {};
    return { ...own, ...ofEnvironment, ...Object.fromEntries(given) };
  }
  if (type !== "local") return {};
  const inFile = centers.local?.in_process;
  if (inProcess !== undefined) return { in_process: resolve(cwd, inProcess) };
  return inFile === undefined ? {} : { in_process: resolve(configDir, inFile) };
}
