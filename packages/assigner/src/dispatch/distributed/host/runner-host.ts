import { CodedError, randomId } from "@eval/protocol";
import { redact } from "@eval/protocol/config";
import type { Logger } from "@eval/protocol/logger";
import { assertRunName } from "../../../attempt/distributed-settings.js";
import { RedisLink } from "../redis/redis-link.js";
import { runKeys } from "../run-keys.js";
import { keepMs, ownerOfHost, pulseMs, type RunState } from "../run-records.js";
import { AttemptBroker, readParam } from "./attempt-broker.js";
import { type DefinitionSources, definitionsFor } from "./definitions.js";
import { HostSession } from "./host-session.js";
import type { HostSessionEnd } from "./host-session-options.js";
import { QueueRunner } from "./queue-runner.js";

export interface RunnerHostOptions extends DefinitionSources {
  /** Address of the Redis. */
  redis: string;
  redisCa?: string | undefined;
  /** How long a Redis that is away is waited for, in milliseconds. */
  redisTimeoutMs: number;
  /** The run's name. */
  run: string;
  /** Attempts at once. */
  concurrency: number;
  /** How long to wait for a missing run or center, in milliseconds. */
  waitMs: number;
  /** How long what runs may take to end after `drain`, in milliseconds. */
  drainMs: number;
  logger: Logger;
  /** Takes nothing more, ends when what runs has ended. */
  drain: AbortSignal;
  /** Ends what runs; its samples go to other hosts. */
  abort: AbortSignal;
}

/**
 * Carries out attempts of a distributed run until it is over, or this host is told to leave. Rejects with
 * RUN_NOT_FOUND, REDIS_UNREACHABLE, UNAUTHORIZED, CONFIG_*, MODULE_*.
 */
export async function runHost(options: RunnerHostOptions): Promise<HostSessionEnd> {
  assertRunName(options.run);
  const { redis: url, redisCa: caFile, redisTimeoutMs: timeoutMs, logger } = options;
  const link = await RedisLink.open({ url, caFile, timeoutMs, keepMs, logger });
  const broker = new AttemptBroker(link, runKeys(options.run), randomId().slice(0, 12));
  try {
    for (;;) {
      const state = await untilRunning(link, broker, options);
      if (state === undefined) return "drained";
      const end = await serve(link, broker, state, options);
      if (end === "changed") continue;
      if (end !== "left alone") return end;
      throw notThere(options, "its center has ended without a word");
    }
  } finally {
    link.close();
  }
}

/** Undefined: told to leave before there was a run. */
async function untilRunning(
  { clock }: RedisLink,
  broker: AttemptBroker,
  options: RunnerHostOptions,
): Promise<RunState | undefined> {
  const { waitMs, drain, logger, run } = options;
  const deadline = clock.now() + waitMs;
  for (let look = 0; !drain.aborted; look++) {
    const { state } = await broker.news();
    if (state?.phase === "running") return state;
    if (look === 0) logger.info(`Waiting for the run ${run}`);
    if (clock.now() >= deadline) throw notThere(options, "there is none");
    await new Promise((resolve) => setTimeout(resolve, pulseMs));
  }
  return undefined;
}

async function serve(
  link: RedisLink,
  broker: AttemptBroker,
  state: RunState,
  options: RunnerHostOptions,
): Promise<HostSessionEnd> {
  const { cwd, concurrency, waitMs, logger, run } = options;
  const param = await broker.param();
  if (param === null) return "changed";
  const { settings, ...traveling } = readParam(param);
  const { secrets, ...definitions } = await definitionsFor({ settings, ...traveling }, options);
  const shared = await QueueRunner.center.restoreSharedParam({
    ...settings,
    ...definitions,
    cwd,
    owner: ownerOfHost(state.runId, broker.host),
  });
  const shards = await broker.seat(state.shards);
  const keys = runKeys(run);
  const serving = { link, keys, broker, state, param, shared, shards, concurrency, waitMs, logger };
  const service = new HostSession({ ...serving, redact: (text) => redact(text, secrets) });
  const unfollow = follow(service, options);
  logger.info(`Runner host ${broker.host} takes part in the run ${run}, with ${concurrency} samples at once`);
  try {
    return await service.run();
  } finally {
    unfollow();
    await shared.close();
    if (!link.broken.aborted) await broker.leave();
  }
}

/** Has a service do what this process is told. */
function follow(service: HostSession, { drain, abort, drainMs, logger }: RunnerHostOptions): () => void {
  let timer: NodeJS.Timeout | undefined;
  const onDrain = () => {
    logger.info(`Leaving; ${service.running} samples are finished first`);
    service.drain();
    timer = setTimeout(() => service.abort(`the host had ${drainMs / 1_000} s to leave`), drainMs);
  };
  const onAbort = () => service.abort("the host was ended");
  drain.addEventListener("abort", onDrain);
  abort.addEventListener("abort", onAbort);
  if (drain.aborted) onDrain();
  if (abort.aborted) onAbort();
  return () => {
    clearTimeout(timer);
    drain.removeEventListener("abort", onDrain);
    abort.removeEventListener("abort", onAbort);
  };
}

function notThere({ run, redis, waitMs }: RunnerHostOptions, why: string): CodedError {
  const { host } = new URL(redis);
  const advice = "Start it (npx @eval/assigner --redis ... names the run), or wait longer (--wait)";
  return new CodedError("RUN_NOT_FOUND", `no run ${run} at ${host} for ${waitMs / 1_000} s: ${why}. ${advice}`);
}
