import { CodedError } from "@eval/protocol";
import { z } from "zod";

/** What a distributed run is told, by its configuration and the command line. Times in seconds. */
export interface DistributedSettings {
  /** `redis://[user:password@]host[:port][/database]` or `rediss://...`. */
  redis?: string | undefined;
  /** Certificates (PEM) of the authority that signed the server's; absolute path. */
  redis_ca?: string | undefined;
  /** How long a Redis that does not answer is waited for. Default 120. */
  redis_timeout?: number | undefined;
  /** An attempt whose host has not renewed it for so long is given to another. At least 3; default 60. */
  lock?: number | undefined;
  /** The run's name in Redis, for runner hosts that are to know it beforehand. Default: the id in run.json. */
  run?: string | undefined;
}

const secondsSchema = z
  .number("must be a number of seconds")
  .positive("must be more than 0 seconds")
  .max(86_400, "must be at most 86400 seconds");
const textSchema = z.string("must be a text").min(1, "must not be empty").optional();

/** `distributed` in a configuration. */
export const distributedSchema: z.ZodType<DistributedSettings> = z
  .object(
    {
      redis: textSchema,
      redis_ca: textSchema,
      redis_timeout: secondsSchema.optional(),
      lock: secondsSchema.min(3, "must be at least 3 seconds").optional(),
      run: textSchema,
    },
    "must be a mapping",
  )
  .default({});

export interface CompleteSettings {
  url: string;
  caFile: string | undefined;
  timeoutMs: number;
  lockMs: number;
  run: string;
}

export const defaultRedisTimeoutS = 120;

const defaultLockS = 60;

/** Throws USAGE where there is no Redis. */
export function completeSettings(settings: DistributedSettings, runId: string): CompleteSettings {
  const { redis, redis_ca, redis_timeout = defaultRedisTimeoutS, lock = defaultLockS, run = runId } = settings;
  if (redis === undefined || redis === "") {
    const ways = "--redis redis://host:6379, EVAL_REDIS, or distributed: {redis: ...} in the configuration";
    throw new CodedError("USAGE", `a distributed run needs a Redis: give it with ${ways}`);
  }
  assertRunName(run);
  return { url: redis, caFile: redis_ca, timeoutMs: redis_timeout * 1_000, lockMs: lock * 1_000, run };
}

/** It becomes part of the names of keys. */
export function assertRunName(run: string): void {
  if (/^[\w.-]{1,64}$/.test(run)) return;
  throw new CodedError("USAGE", `the run ${JSON.stringify(run)}: up to 64 letters, digits, dots, dashes, underscores`);
}
