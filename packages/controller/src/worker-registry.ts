import {
  digestOfIndices,
  type Heartbeat,
  type SampleIndex,
  type SessionId,
  type WholeHeartbeat,
  workerLiveness,
} from "@eval/protocol";
import { indicesMismatch, sameList } from "./task-indices.js";

export type Liveness = (typeof workerLiveness)[keyof typeof workerLiveness];

/** What the controller knows of one worker. */
export interface WorkerRecord {
  readonly id: number;
  readonly task: string;
  readonly address: string;
  /** Random id of the worker's process; undefined for v0.2. */
  readonly incarnation: string | undefined;
  features: readonly string[];
  capacity: number;
  /** Sessions placed here that have not ended: each holds one unit of capacity. */
  readonly sessions: Set<SessionId>;
  /** How many sessions the worker itself says it runs. */
  reported: number;
  /** The latest version of its set of sessions that was seen; older news is ignored. */
  sessionsVersion: number;
  liveness: Liveness;
  /** False until its sessions are known: nothing is placed here. */
  synced: boolean;
  draining: boolean;
  loopLagMs: number;
  /** Lived milliseconds of the last heartbeat. */
  lastBeat: number;
  /** Wall-clock milliseconds of the last heartbeat. */
  lastVisit: number;
}

export interface TaskRecord {
  readonly name: string;
  indices: readonly SampleIndex[];
  known: ReadonlySet<SampleIndex>;
  /** See digestOfIndices. Made once for a list, however often and by how many workers it is sent. */
  digest: string;
  version: string | undefined;
  /** Undefined for a v0.2 worker: it has to be assumed. */
  overallNeedsHistory: boolean | undefined;
  readonly workers: Map<number, WorkerRecord>;
}

interface Times {
  /** Lived monotonic milliseconds. */
  lived: number;
  /** Milliseconds since the epoch. */
  wall: number;
}

/** A main loop that lags more than this gets no new session. */
const maxLoopLagMs = 2_000;

/** Task name -> workers. Pure state: no I/O; the time is an argument. */
export class WorkerRegistry {
  readonly #tasks = new Map<string, TaskRecord>();
  readonly #byAddress = new Map<string, WorkerRecord>();
  #nextId = 0;

  task(name: string): TaskRecord | undefined {
    return this.#tasks.get(name);
  }

  tasks(): IterableIterator<TaskRecord> {
    return this.#tasks.values();
  }

  *workers(): Generator<WorkerRecord> {
    for (const task of this.#tasks.values()) yield* task.workers.values();
  }

  at(address: string): WorkerRecord | undefined {
    return this.#byAddress.get(address);
  }

  /** A heartbeat with its indices; undefined if they are given by a digest that is not the task's. */
  complete(heartbeat: Heartbeat): WholeHeartbeat | undefined {
    const { name, indices, indices_digest: digest } = heartbeat;
    if (indices !== undefined) return { ...heartbeat, indices };
    const task = this.#tasks.get(name);
    return task?.digest === digest && task !== undefined ? { ...heartbeat, indices: task.indices } : undefined;
  }

  /** Throws INDICES_MISMATCH when a live worker of the task has other indices than the newcomer. */
  assertSameIndices(heartbeat: WholeHeartbeat): void {
    const task = this.#tasks.get(heartbeat.name);
    if (task === undefined || sameList(task.indices, heartbeat.indices)) return;
    const others = [...task.workers.values()].filter(
      (worker) => worker.address !== heartbeat.address && worker.liveness !== workerLiveness.dead,
    );
    if (others.length === 0) return;
    throw indicesMismatch(task, others[0]?.address, heartbeat);
  }

  /** A worker as its first heartbeat describes it; not part of the registry until {@link add}. */
  candidate(heartbeat: WholeHeartbeat, features: readonly string[], time: Times): WorkerRecord {
    return {
      id: this.#nextId++,
      task: heartbeat.name,
      address: heartbeat.address,
      incarnation: heartbeat.incarnation,
      features,
      capacity: heartbeat.concurrency,
      sessions: new Set(),
      reported: 0,
      sessionsVersion: 0,
      liveness: workerLiveness.alive,
      synced: false,
      draining: false,
      loopLagMs: 0,
      lastBeat: time.lived,
      lastVisit: time.wall,
    };
  }

  /** Adds a candidate, in place of whatever was at its address. */
  add(worker: WorkerRecord, heartbeat: WholeHeartbeat, time: Times): void {
    const former = this.#byAddress.get(worker.address);
    if (former) this.forget(former);
    this.#taskFor(heartbeat).workers.set(worker.id, worker);
    this.#byAddress.set(worker.address, worker);
    this.beat(worker, heartbeat, time);
  }

  has(worker: WorkerRecord): boolean {
    return this.#byAddress.get(worker.address) === worker;
  }

  /** Applies a heartbeat of a known worker. A worker that was out of contact must list its sessions again. */
  beat(worker: WorkerRecord, heartbeat: WholeHeartbeat, time: Times): void {
    if (worker.liveness !== workerLiveness.alive) worker.synced = false;
    worker.liveness = workerLiveness.alive;
    worker.lastBeat = time.lived;
    worker.lastVisit = time.wall;
    worker.capacity = heartbeat.concurrency;
    worker.draining = heartbeat.draining ?? false;
    worker.loopLagMs = heartbeat.loop_lag_ms ?? 0;
    this.observe(worker, heartbeat.sessions_version, heartbeat.current);
    const task = this.#taskFor(heartbeat);
    task.version = heartbeat.version ?? task.version;
    task.overallNeedsHistory = heartbeat.overall_needs_history ?? task.overallNeedsHistory;
  }

  /** What a worker says of its sessions, on whichever message; older news than what is known is ignored. */
  observe(worker: WorkerRecord, version: number | undefined, running: number | undefined): void {
    if (version === undefined || running === undefined || !(version >= worker.sessionsVersion)) return;
    worker.sessionsVersion = version;
    worker.reported = running;
  }

  forget(worker: WorkerRecord): void {
    const task = this.#tasks.get(worker.task);
    task?.workers.delete(worker.id);
    if (task?.workers.size === 0) this.#tasks.delete(worker.task);
    if (this.#byAddress.get(worker.address) === worker) this.#byAddress.delete(worker.address);
  }

  /** The worker with the most free capacity, or undefined. */
  pick(task: TaskRecord, excluded: ReadonlySet<WorkerRecord>): WorkerRecord | undefined {
    let best: WorkerRecord | undefined;
    for (const worker of task.workers.values()) {
      if (excluded.has(worker) || !isPlaceable(worker)) continue;
      if (best === undefined || freeCapacity(worker) > freeCapacity(best)) best = worker;
    }
    return best;
  }

  /** Workers without a heartbeat for this long become COMA. Returns all workers that are not ALIVE. */
  age(now: number, comaAfterMs: number): WorkerRecord[] {
    const silent: WorkerRecord[] = [];
    for (const worker of this.workers()) {
      if (worker.liveness === workerLiveness.alive && now - worker.lastBeat > comaAfterMs) {
        worker.liveness = workerLiveness.coma;
      }
      if (worker.liveness !== workerLiveness.alive) silent.push(worker);
    }
    return silent;
  }

  #taskFor(heartbeat: WholeHeartbeat): TaskRecord {
    const task = this.#tasks.get(heartbeat.name);
    if (task && sameList(task.indices, heartbeat.indices)) return task;
    const described = {
      indices: heartbeat.indices,
      known: new Set(heartbeat.indices),
      digest: digestOfIndices(heartbeat.indices),
    };
    const own = { version: heartbeat.version, overallNeedsHistory: heartbeat.overall_needs_history };
    if (task) return Object.assign(task, described, own);
    const created = { name: heartbeat.name, ...described, ...own, workers: new Map() };
    this.#tasks.set(heartbeat.name, created);
    return created;
  }
}

/** Capacity that may be claimed: never below 0, and never more than the worker itself believes to have. */
export function freeCapacity(worker: WorkerRecord): number {
  return Math.max(0, worker.capacity - Math.max(worker.sessions.size, worker.reported));
}

/** Whether a worker that is alive takes new sessions at all, free capacity aside. */
export function takesSessions({ synced, draining, loopLagMs }: WorkerRecord): boolean {
  return synced && !draining && loopLagMs <= maxLoopLagMs;
}

function isPlaceable(worker: WorkerRecord): boolean {
  return worker.liveness === workerLiveness.alive && takesSessions(worker) && freeCapacity(worker) > 0;
}
