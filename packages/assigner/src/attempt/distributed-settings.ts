import { CodedError } from "@eval/protocol";
import { z } from "zod";

/** Settings of a distributed run, from the configuration and the command line. Times in seconds. */
export interface DistributedSettings {
  /** `redis://[user:password@]host[:port][/database]` or `rediss://...`. */
  redis?: string | undefined;
  /** File with the certificates (PEM) of the authority that signed the server's certificate; absolute path. */
  redis_ca?: string | undefined;
  /** How long to wait for Redis when it is unreachable. Default 120. */
  redis_timeout?: number | undefined;
  /** An attempt whose host has not renewed it for this long moves to another host. At least 3; default 60. */
  lock?: number | undefined;
  /** The run's name in Redis, for runner hosts that must know it in advance. Default: the id in run.json. */
  run?: string | undefined;
}

const secondsSchema = z
  .number("must be a number of seconds")
  .positive("must be more than 0 seconds")
  .max(86_400, "must be at most 86400 seconds");
const textSchema = z.string("must be a string").min(1, "must not be empty").optional();

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

/** Throws USAGE if no Redis is set. */
export function completeSettings(settings: DistributedSettings, runId: string): CompleteSettings {
  const { redis, redis_ca, redis_timeout = defaultRedisTimeoutS, lock = defaultLockS, run = runId } = settings;
  if (redis === undefined || redis === "") {
    const ways = "--redis redis://host:6379, EVAL_REDIS, or distributed: {redis: ...} in the configuration";
    throw new CodedError("USAGE", `a distributed run needs a Redis: set it with ${ways}`);
  }
  assertRunName(run);
  return { url: redis, caFile: redis_ca, timeoutMs: redis_timeout * 1_000, lockMs: lock * 1_000, run };
}

/** The name becomes part of Redis keys. */
export function assertRunName(run: string): void {
  if (/^[\w.-]{1,64}$/.test(run)) return;
  throw new CodedError(
    "USAGE",
    `invalid run name ${JSON.stringify(run)}: expected up to 64 letters, digits, dots, dashes, underscores`,
  );
}
