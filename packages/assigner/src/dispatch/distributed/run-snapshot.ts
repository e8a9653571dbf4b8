import type { AttemptQueues, QueuedAttempt } from "./attempt-queues.js";
import type { ResultStore } from "./result-store.js";
import type { HostEntry } from "./run-records.js";
import type { RunRegistry } from "./run-registry.js";

/** An active attempt whose lock has ended. */
export interface UnlockedAttempt {
  id: string;
  /** The host that took it; undefined if its job has gone meanwhile. */
  host: string | undefined;
}

/** Ids of the attempts of one queue. */
export interface ShardSnapshot {
  waiting: readonly string[];
  active: readonly string[];
  unlocked: readonly UnlockedAttempt[];
}

/**
 * What Redis holds of a run. The parts are read one after the other: attempts may have been added, started and finished
 * meanwhile. Results are read last, so that an attempt that moves on during the reading is seen at least once.
 */
export interface RunSnapshot {
  hosts: ReadonlyMap<string, HostEntry>;
  /** By number of the queue. */
  shards: readonly ShardSnapshot[];
  /** Attempts whose result is in Redis. */
  results: ReadonlySet<string>;
}

export interface SnapshotSources {
  queues: Pick<AttemptQueues, "shards" | "content" | "unlocked" | "hostsOf" | "jobs">;
  store: Pick<ResultStore, "ids" | "read">;
  registry: Pick<RunRegistry, "hosts" | "assertTerm">;
}

/** Results are read in batches of this size: each may be a long transcript. */
export const resultsAtOnce = 200;

/**
 * Reads ids, and the hosts of unlocked attempts: the size is bounded by the capacity of the run.
 * Rejects with OUTPUT_LOCKED if another launch has taken the run over.
 */
export async function readSnapshot({ queues, store, registry }: SnapshotSources): Promise<RunSnapshot> {
  const hosts = await registry.hosts();
  const shards: ShardSnapshot[] = [];
  for (let shard = 0; shard < queues.shards; shard++) {
    const { waiting, active } = await queues.content(shard);
    const unlocked = await queues.unlocked(shard, active);
    const takenBy = await queues.hostsOf(shard, unlocked);
    shards.push({ waiting, active, unlocked: unlocked.map((id, at) => ({ id, host: takenBy[at] })) });
  }
  const results = new Set(await store.ids(Number.MAX_SAFE_INTEGER));
  await registry.assertTerm();
  return { hosts, shards, results };
}

/** Attempts of earlier launches: waiting, active, and finished. Read in the order of {@link RunSnapshot}. */
export async function readEarlierAttempts({ queues, store }: SnapshotSources): Promise<QueuedAttempt[]> {
  const earlier = new Map<string, QueuedAttempt>();
  for (let shard = 0; shard < queues.shards; shard++) {
    const { active, waiting } = await queues.content(shard);
    for (const attempt of await queues.jobs(shard, [...active, ...waiting])) earlier.set(attempt.id, attempt);
  }
  const finished = (await store.ids(Number.MAX_SAFE_INTEGER)).filter((id) => !earlier.has(id));
  for (let at = 0; at < finished.length; at += resultsAtOnce) {
    for (const { id, job } of await store.read(finished.slice(at, at + resultsAtOnce))) {
      earlier.set(id, { id, job, shard: 0 });
    }
  }
  return [...earlier.values()];
}
