import { type SessionList, type WorkerList, workerLiveness } from "@eval/protocol";
import type { SessionTable } from "./session-table.js";
import { freeCapacity, takesSessions, type WorkerRecord, type WorkerRegistry } from "./worker-registry.js";

export interface ListingOptions {
  withIndices: boolean;
  /** True: with our own fields in addition to v0.2's. */
  extended: boolean;
}

export function listWorkers(registry: WorkerRegistry, { withIndices, extended }: ListingOptions): WorkerList {
  const entries = [...registry.tasks()].map(({ name, indices, version, overallNeedsHistory, workers }) => {
    const listed = Object.fromEntries([...workers.values()].map((worker) => [worker.id, describe(worker)]));
    const task = { indices: withIndices ? [...indices] : [], workers: listed };
    // Fields that are undefined are not sent: a v0.2 task has neither.
    return [name, extended ? { ...task, version, overall_needs_history: overallNeedsHistory } : task] as const;
  });
  return Object.fromEntries(entries);
}

/** `current` is the capacity that cannot be claimed, so that a client may start capacity - current sessions. */
function describe(worker: WorkerRecord): WorkerList[string]["workers"][string] {
  const isClosed = worker.liveness === workerLiveness.alive && !takesSessions(worker);
  const current = isClosed ? worker.capacity : worker.capacity - freeCapacity(worker);
  return {
    id: worker.id,
    address: worker.address,
    capacity: worker.capacity,
    current,
    last_visit: worker.lastVisit / 1000,
    status: worker.liveness,
    locked: !worker.synced,
  };
}

export function listSessions(table: SessionTable): SessionList {
  const entries = [...table.all()].map((session) => [
    session.id,
    {
      name: session.task,
      index: session.index,
      start: session.start,
      last_update: session.lastUpdate,
      worker_id: session.worker.id,
      locked: session.calls > 0,
    },
  ]);
  return Object.fromEntries(entries);
}
