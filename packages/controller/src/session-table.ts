import type { SampleIndex, SessionId } from "@eval/protocol";
import type { WorkerRecord } from "./worker-registry.js";

/**
 * `starting`: the worker was asked and has not answered; `open`: the worker has it; `closing`: it is being canceled,
 * and holds its unit of capacity until the worker confirms.
 */
export type SessionState = "starting" | "open" | "closing";

export interface SessionRecord {
  readonly id: SessionId;
  readonly task: string;
  readonly index: SampleIndex;
  readonly worker: WorkerRecord;
  /** `<run id>/<client instance>`, and a `/<runner>` where each runner has its own; undefined for a v0.2 client. */
  readonly owner: string | undefined;
  readonly leaseMs: number | undefined;
  state: SessionState;
  /** Version of the worker's set of sessions when this one was seen in it. */
  seenAt: number;
  /** Number of running turns. The session does not expire while a turn runs. */
  calls: number;
  /** Lived milliseconds of the last turn. */
  touched: number;
  /** Seconds since the epoch, both. */
  readonly start: number;
  lastUpdate: number;
}

interface Lease {
  until: number;
  /** The last requested duration, in milliseconds: a turn extends the lease by at most this. */
  termMs: number;
  readonly sessions: Set<SessionId>;
}

/** The client instances of one run, each as `<run id>/<client instance>`. */
interface Instances {
  newest: string | undefined;
  readonly former: Set<string>;
}

export interface OpenSession {
  id: SessionId;
  task: string;
  index: SampleIndex;
  worker: WorkerRecord;
  owner?: string | undefined;
  leaseMs?: number | undefined;
  state: SessionState;
}

export interface Time {
  /** Lived monotonic milliseconds. */
  lived: number;
  /** Milliseconds since the epoch. */
  wall: number;
}

/** How long the worker of an ended session is remembered, so that its last turn can be requested again. */
const recentMs = 600_000;
const maxRecent = 200_000;

/** For how many runs the latest client instance is remembered. */
const maxRuns = 10_000;

/** The sessions and their leases. Pure state: no I/O; the time is an argument. */
export class SessionTable {
  readonly #sessions = new Map<SessionId, SessionRecord>();
  readonly #leases = new Map<string, Lease>();
  readonly #runs = new Map<string, Instances>();
  readonly #recent = new Map<SessionId, { worker: WorkerRecord; until: number }>();

  get size(): number {
    return this.#sessions.size;
  }

  get(id: SessionId): SessionRecord | undefined {
    return this.#sessions.get(id);
  }

  all(): IterableIterator<SessionRecord> {
    return this.#sessions.values();
  }

  of(worker: WorkerRecord): SessionRecord[] {
    return [...worker.sessions].map((id) => this.#sessions.get(id)).filter((session) => session !== undefined);
  }

  /** Claims one unit of the worker's capacity for a session. */
  open(opened: OpenSession, time: Time): SessionRecord {
    const { id, task, index, worker, owner, leaseMs, state } = opened;
    const seconds = time.wall / 1000;
    const lease = owner === undefined || leaseMs === undefined ? undefined : this.#lease(owner, leaseMs, time.lived);
    const record: SessionRecord = {
      id,
      task,
      index,
      worker,
      owner,
      state,
      leaseMs: lease && leaseMs,
      seenAt: worker.sessionsVersion,
      calls: 0,
      touched: time.lived,
      start: seconds,
      lastUpdate: seconds,
    };
    this.#sessions.set(record.id, record);
    record.worker.sessions.add(record.id);
    lease?.sessions.add(record.id);
    return record;
  }

  /** Records a turn from the session's client: a sign of life, which also extends the lease of the owner. */
  hear(record: SessionRecord, time: Time): void {
    this.touch(record, time);
    const lease = record.owner === undefined ? undefined : this.#leases.get(record.owner);
    if (lease === undefined || record.leaseMs === undefined) return;
    // An owner that leaves has requested a very short lease: a late turn must not extend its sessions again.
    lease.until = Math.max(lease.until, time.lived + Math.min(record.leaseMs, lease.termMs));
  }

  touch(record: SessionRecord, time: Time): void {
    record.touched = time.lived;
    record.lastUpdate = time.wall / 1000;
  }

  /** Releases the session's unit of capacity. Its worker stays known for a while, see {@link recentWorker}. */
  close(record: SessionRecord, time: Time): void {
    if (!this.discard(record)) return;
    this.#recent.set(record.id, { worker: record.worker, until: time.lived + recentMs });
    for (const [id, { until }] of this.#recent) {
      if (until > time.lived && this.#recent.size <= maxRecent) break;
      this.#recent.delete(id);
    }
  }

  /** Releases the unit of capacity of a session that its worker never had. Returns whether the table contained it. */
  discard(record: SessionRecord): boolean {
    if (this.#sessions.get(record.id) !== record) return false;
    this.#sessions.delete(record.id);
    record.worker.sessions.delete(record.id);
    if (record.owner !== undefined) this.#leases.get(record.owner)?.sessions.delete(record.id);
    return true;
  }

  /** The worker of a session that ended recently. */
  recentWorker(id: SessionId, now: number): WorkerRecord | undefined {
    const recent = this.#recent.get(id);
    return recent !== undefined && recent.until > now ? recent.worker : undefined;
  }

  /**
   * Renews every session of the owner; returns how many there are. This also shortens a longer lease, so that an
   * owner that leaves can release its sessions.
   */
  renew(owner: string, leaseMs: number, now: number): number {
    const lease = this.#lease(owner, leaseMs, now);
    lease.until = now + leaseMs;
    lease.termMs = leaseMs;
    return lease.sessions.size;
  }

  /**
   * Sessions of other client instances of the owner's run, if the owner belongs to the newest one, which has taken over.
   * An older instance that is still alive takes nothing back. Runners of one instance do not affect each other.
   */
  predecessorsOf(owner: string): SessionRecord[] {
    const run = runOf(owner);
    const instance = instanceOf(owner);
    const instances = this.#instancesOf(run);
    if (instances.former.has(instance)) return [];
    const others = [...this.#leases.keys()].filter((name) => runOf(name) === run && instanceOf(name) !== instance);
    if (instances.newest !== undefined && instances.newest !== instance) instances.former.add(instances.newest);
    for (const other of others) instances.former.add(instanceOf(other));
    instances.newest = instance;
    return others.flatMap((other) => this.#records(this.#leases.get(other)?.sessions ?? []));
  }

  /** Sessions whose lease (or, for v0.2 clients, whose time without a turn) has expired, and that have no running turn. */
  expired(now: number, withoutLeaseMs: number): SessionRecord[] {
    const expired: SessionRecord[] = [];
    for (const [owner, lease] of this.#leases) {
      if (lease.until > now) continue;
      for (const record of this.#records(lease.sessions)) expired.push(record);
      if (lease.sessions.size === 0) this.#leases.delete(owner);
    }
    for (const record of this.#sessions.values()) {
      if (record.leaseMs === undefined && record.touched + withoutLeaseMs <= now) expired.push(record);
    }
    return expired.filter(({ calls, state }) => calls === 0 && state === "open");
  }

  /** The owner's lease, extended: a start is a sign of life. */
  #lease(owner: string, leaseMs: number, now: number): Lease {
    const there = this.#leases.get(owner);
    const lease = there ?? { until: 0, termMs: 0, sessions: new Set<SessionId>() };
    lease.termMs = Math.max(lease.termMs, leaseMs);
    lease.until = Math.max(lease.until, now + leaseMs);
    if (!there) this.#leases.set(owner, lease);
    return lease;
  }

  #instancesOf(run: string): Instances {
    const there = this.#runs.get(run);
    if (there) return there;
    const instances: Instances = { newest: undefined, former: new Set() };
    this.#runs.set(run, instances);
    const [oldest] = this.#runs.keys();
    if (this.#runs.size > maxRuns && oldest !== undefined) this.#runs.delete(oldest);
    return instances;
  }

  #records(ids: Iterable<SessionId>): SessionRecord[] {
    return [...ids].map((id) => this.#sessions.get(id)).filter((record) => record !== undefined);
  }
}

/** Up to the first slash. */
function runOf(owner: string): string {
  return owner.split("/", 1).join("/");
}

/** Up to the second slash: the run and the client instance. */
function instanceOf(owner: string): string {
  return owner.split("/", 2).join("/");
}
