import type { AttemptView } from "./attempt-table.js";
import { aliveMs, type HostEntry } from "./run-records.js";
import type { RunSnapshot, ShardSnapshot } from "./run-snapshot.js";
import { slotsByShard } from "./shards.js";

/** What one look at Redis leaves for the next one. Times are on the answered clock, in milliseconds. */
export interface Observations {
  hosts: ReadonlyMap<string, HostEntry>;
  /** Free and used slots of each queue. */
  slots: readonly number[];
  /** Living hosts that have lost an attempt. */
  suspected: ReadonlySet<string>;
  /** Active attempts without a lock, with the time when this was first seen. */
  unlockedSince: ReadonlyMap<string, number>;
  /** Attempts without a job and without a result, with the time when this was first seen. */
  missingSince: ReadonlyMap<string, number>;
  /** Unknown attempts of earlier launches. */
  strange: ReadonlySet<string>;
}

/** The time and the launch in which a decision is made. */
export interface Circumstances {
  /** The answered clock, before the snapshot was read; milliseconds. */
  now: number;
  /** How long Redis has answered without an outage, before and after the snapshot was read; milliseconds. */
  steadyMs: number;
  /** This launch's number. */
  term: number;
  /** How long a lock lasts without a renewal, in milliseconds. */
  lockMs: number;
}

export type Action =
  | { kind: "host joined"; host: string; entry: HostEntry }
  | { kind: "host gone"; host: string; entry: HostEntry }
  /** Of a host that is gone and has lost attempts. */
  | { kind: "end sessions"; host: string }
  /** An earlier launch has released it, and this one does not know it. */
  | { kind: "revoke"; id: string; shard: number }
  /** It waits in a queue that no host serves. */
  | { kind: "take back"; id: string; shard: number }
  /** Its host does not renew it. */
  | { kind: "reclaim"; id: string; shard: number; host: string | undefined }
  /** Redis has lost it. */
  | { kind: "forget"; id: string };

type ShardAction = Extract<Action, { id: string; shard: number }>;

export interface Decision {
  observed: Observations;
  actions: Action[];
}

export function noObservations(shards: number): Observations {
  return {
    hosts: new Map(),
    slots: slotsByShard([], shards),
    suspected: new Set(),
    unlockedSince: new Map(),
    missingSince: new Map(),
    strange: new Set(),
  };
}

/**
 * Compares the attempts in flight with what Redis holds. Redis may have changed since it was read, so each action must
 * be safe at any later time: it checks atomically in Redis, and then once more in the table.
 */
export function decide(
  attempts: AttemptView,
  before: Observations,
  snapshot: RunSnapshot,
  circumstances: Circumstances,
): Decision {
  const hosts = decideHosts(before, snapshot, circumstances);
  const strange = decideStrange(attempts, before, snapshot, circumstances);
  const unlocked = decideUnlocked(attempts, hosts.observed, before, snapshot, circumstances);
  const missing = decideMissing(attempts, before, snapshot, circumstances);
  const moves = takeBackUnserved(attempts, hosts.observed, snapshot, circumstances);
  const revoked = new Set(strange.actions.map(({ id }) => id));
  const others = [...unlocked.actions, ...moves].filter(({ id }) => !revoked.has(id));
  return {
    observed: {
      ...hosts.observed,
      strange: strange.observed,
      unlockedSince: unlocked.observed,
      missingSince: missing.observed,
    },
    actions: [...hosts.actions, ...strange.actions, ...others, ...missing.actions],
  };
}

/** The number of the launch that has released an attempt. */
export function termOf(id: string): number {
  return Number(id.split("-", 1)[0]);
}

/** Whether every living process had time for a sign of life since Redis answers. */
function isSteady({ steadyMs }: Circumstances): boolean {
  return steadyMs >= aliveMs;
}

type HostObservations = Pick<Observations, "hosts" | "slots" | "suspected">;

/** A host that only lost touch with Redis ends its sessions itself. A host that is gone cannot. */
function decideHosts(
  before: Observations,
  snapshot: RunSnapshot,
  circumstances: Circumstances,
): { observed: HostObservations; actions: Action[] } {
  const hosts = isSteady(circumstances) ? snapshot.hosts : new Map([...before.hosts, ...snapshot.hosts]);
  const joined = [...hosts].filter(([host]) => !before.hosts.has(host));
  const gone = [...before.hosts].filter(([host]) => !hosts.has(host));
  const dead = [...before.suspected].filter((host) => !hosts.has(host));
  return {
    observed: {
      hosts,
      slots: slotsByShard([...hosts.values()], snapshot.shards.length),
      suspected: new Set([...before.suspected].filter((host) => hosts.has(host))),
    },
    actions: [
      ...joined.map(([host, entry]): Action => ({ kind: "host joined", host, entry })),
      ...gone.map(([host, entry]): Action => ({ kind: "host gone", host, entry })),
      ...dead.map((host): Action => ({ kind: "end sessions", host })),
    ],
  };
}

/**
 * A center that has lost the run may have released an attempt after this launch had read the earlier ones. Two looks in
 * a row must agree: an attempt that ends while Redis is read looks strange once. Later launches own their attempts.
 */
function decideStrange(
  attempts: AttemptView,
  before: Observations,
  { shards }: RunSnapshot,
  { term }: Circumstances,
): { observed: Set<string>; actions: ShardAction[] } {
  const isStrange = (id: string) => termOf(id) < term && !attempts.has(id) && !attempts.isRecording(id);
  const found = idsByShard(shards, ({ waiting, active }) => [...waiting, ...active]).filter(({ id }) => isStrange(id));
  return {
    observed: new Set(found.map(({ id }) => id).filter((id) => !before.strange.has(id))),
    actions: found.filter(({ id }) => before.strange.has(id)).map((one) => ({ kind: "revoke", ...one })),
  };
}

/**
 * The host of an unlocked attempt is gone, or has ended the attempt itself and will deliver that outcome. A living host
 * has as much time for this as for a sign of life.
 */
function decideUnlocked(
  attempts: AttemptView,
  { hosts }: HostObservations,
  before: Observations,
  { shards }: RunSnapshot,
  circumstances: Circumstances,
): { observed: Map<string, number>; actions: ShardAction[] } {
  const observed = new Map<string, number>();
  const actions: ShardAction[] = [];
  for (const [shard, { unlocked }] of shards.entries()) {
    for (const { id, host } of unlocked) {
      if (termOf(id) > circumstances.term || attempts.isAdding(id)) continue;
      const since = before.unlockedSince.get(id);
      const isLiving = host !== undefined && hosts.has(host);
      const isDue = since !== undefined && (!isLiving || circumstances.now - since >= aliveMs);
      if (isDue && isSteady(circumstances)) actions.push({ kind: "reclaim", id, shard, host });
      else observed.set(id, since ?? circumstances.now);
    }
  }
  return { observed, actions };
}

/** Attempts that wait in a queue without hosts are moved to a queue that has hosts. */
function takeBackUnserved(
  attempts: AttemptView,
  { hosts, slots }: HostObservations,
  { shards }: RunSnapshot,
  { term }: Circumstances,
): ShardAction[] {
  if (hosts.size === 0) return [];
  return idsByShard(shards, ({ waiting }) => waiting)
    .filter(({ id, shard }) => (slots[shard] ?? 0) === 0 && termOf(id) <= term && !attempts.isAdding(id))
    .map((one) => ({ kind: "take back", ...one }));
}

/** A Redis that was restarted without its data has lost jobs. Hosts end these attempts at their next renewal. */
function decideMissing(
  attempts: AttemptView,
  before: Observations,
  { shards, results }: RunSnapshot,
  { now, lockMs }: Circumstances,
): { observed: Map<string, number>; actions: Action[] } {
  const found = new Set(shards.flatMap(({ waiting, active }) => [...waiting, ...active]));
  const observed = new Map<string, number>();
  const actions: Action[] = [];
  for (const [id, { phase }] of attempts.entries()) {
    if (phase !== "queued" || found.has(id) || results.has(id) || attempts.isRecording(id)) continue;
    const since = before.missingSince.get(id) ?? now;
    if (now - since > lockMs) actions.push({ kind: "forget", id });
    else observed.set(id, since);
  }
  return { observed, actions };
}

function idsByShard(
  shards: readonly ShardSnapshot[],
  choose: (shard: ShardSnapshot) => readonly string[],
): { id: string; shard: number }[] {
  return shards.flatMap((content, shard) => choose(content).map((id) => ({ id, shard })));
}
