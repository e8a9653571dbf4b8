import {
  CodedError,
  isCodedError,
  messageOf,
  type ReportedSession,
  type SessionId,
  workerLiveness,
} from "@eval/protocol";
import type { Logger } from "@eval/protocol/logger";
import { type Action, type Belief, type Observation, reconcile } from "./reconcile.js";
import type { SessionTable, Time } from "./session-table.js";
import type { WorkerClients } from "./worker-client.js";
import type { WorkerRecord, WorkerRegistry } from "./worker-registry.js";

export interface WorkerSyncOptions {
  registry: WorkerRegistry;
  table: SessionTable;
  clients: WorkerClients;
  instance: string;
  logger: Logger;
  time: () => Time;
  /** How long a worker may take to say what it runs, in milliseconds. Default 5,000. */
  statusTimeoutMs?: number;
}

/** Milliseconds between two observations of a worker whose first one left something open. */
const recheckMs = 1_000;

interface Suspects {
  ids: ReadonlySet<SessionId>;
  /** Lived milliseconds of the observation in which they looked out of place. */
  since: number;
}

/** Keeps what the controller believes of its workers' sessions in step with what they say. */
export class WorkerSync {
  readonly #probes = new Map<WorkerRecord, Promise<boolean>>();
  readonly #suspects = new Map<WorkerRecord, Suspects>();
  readonly #rechecks = new Map<WorkerRecord, NodeJS.Timeout>();
  #stopped = false;

  constructor(private readonly options: WorkerSyncOptions) {}

  /** Asks a worker what it runs and acts on it. Resolves with whether it answered. Calls for one worker are shared. */
  probe(worker: WorkerRecord): Promise<boolean> {
    if (this.#stopped || !this.options.registry.has(worker)) return Promise.resolve(false);
    const running = this.#probes.get(worker);
    if (running) return running;
    const probe = this.#probe(worker).finally(() => this.#probes.delete(worker));
    this.#probes.set(worker, probe);
    return probe;
  }

  /** What a worker says it runs. Rejects when it does not answer, or when another process answers in its place. */
  async look(worker: WorkerRecord): Promise<Observation> {
    const { clients, statusTimeoutMs = 5_000 } = this.options;
    const status = await clients.status(worker, statusTimeoutMs);
    if (status.v02) {
      const sessions = Object.entries(status.sessions).map(([id, index]) => [Number(id), report({ index })] as const);
      return { version: undefined, running: undefined, sessions: new Map(sessions) };
    }
    if (status.incarnation !== worker.incarnation)
      throw new CodedError("WRONG_WORKER", "another process answers at this address");
    const sessions = Object.entries(status.sessions ?? {}).map(
      ([id, session]) => [Number(id), report(session)] as const,
    );
    return { version: status.sessions_version ?? 0, running: status.current, sessions: new Map(sessions) };
  }

  /** Brings the table in step with what a worker said. */
  believe(worker: WorkerRecord, observation: Observation): void {
    const { registry, logger } = this.options;
    const { version, running } = observation;
    // Overtaken by a later message: what it says may be over by now.
    if (version !== undefined && version < worker.sessionsVersion) {
      this.#recheck(worker);
      return;
    }
    registry.observe(worker, version, running);
    worker.synced = true;
    const actions = this.#decide(worker, observation);
    for (const action of actions) this.#act(worker, action);
    if (actions.length === 0) return;
    const count = (kind: Action["kind"]) => actions.filter((action) => action.kind === kind).length;
    const counts = { adopted: count("adopt"), dropped: count("drop"), cancelled: count("cancel") };
    logger.info(`Reconciled with worker ${worker.address}`, counts);
  }

  /** Drops a worker and all that ran there. */
  forget(worker: WorkerRecord, why: string): void {
    const { registry, table, logger, time } = this.options;
    if (!registry.has(worker)) return;
    const sessions = table.of(worker);
    for (const session of sessions) table.close(session, time());
    registry.forget(worker);
    this.#suspects.delete(worker);
    clearTimeout(this.#rechecks.get(worker));
    this.#rechecks.delete(worker);
    void this.hangUp(worker);
    logger.warn(`Worker ${worker.address} (${worker.task}) ${why}`, { sessions: sessions.length });
  }

  /** Closes the connections to a worker. */
  hangUp(worker: WorkerRecord): Promise<void> {
    return this.options.clients.close(worker);
  }

  stop(): void {
    this.#stopped = true;
    for (const timer of this.#rechecks.values()) clearTimeout(timer);
  }

  async #probe(worker: WorkerRecord): Promise<boolean> {
    const { registry, logger } = this.options;
    try {
      const observation = await this.look(worker);
      if (!registry.has(worker) || this.#stopped) return false;
      this.believe(worker, observation);
      return true;
    } catch (error) {
      if (!isCodedError(error)) throw error;
      logger.debug(`Worker ${worker.address} did not list its sessions: ${messageOf(error)}`);
      if (error.code === "WRONG_WORKER") this.forget(worker, "is gone: another process answers at its address");
      return false;
    }
  }

  #decide(worker: WorkerRecord, observation: Observation): Action[] {
    const { table, instance, time } = this.options;
    const now = time().lived;
    const former = this.#suspects.get(worker);
    // Two looks in quick succession are one: what the first had misseen, the second would as well.
    const isDue = former === undefined || now - former.since >= recheckMs;
    const { actions, suspects } = reconcile(this.#beliefs(worker, now), observation, {
      instance,
      knownVersion: worker.sessionsVersion,
      isElsewhere: (id) => table.get(id) !== undefined && table.get(id)?.worker !== worker,
      wasClosed: (id) => table.recentWorker(id, now) === worker,
      suspects: isDue && former ? former.ids : new Set(),
    });
    if (isDue) this.#suspects.set(worker, { ids: suspects, since: now });
    if (suspects.size > 0) this.#recheck(worker);
    return actions;
  }

  #beliefs(worker: WorkerRecord, now: number): Belief[] {
    const isBusy = (calls: number, touched: number) => calls > 0 || now - touched < recheckMs;
    return this.options.table
      .of(worker)
      .map(({ id, state, seenAt, calls, touched }) => ({ id, state, seenAt, busy: isBusy(calls, touched) }));
  }

  #act(worker: WorkerRecord, action: Action): void {
    const { table, time, clients } = this.options;
    const { id } = action;
    if (action.kind === "cancel") void clients.cancel(worker, id);
    else if (action.kind === "adopt") {
      const { index, owner, leaseMs } = action;
      table.open({ id, index, owner, leaseMs, task: worker.task, worker, state: "open" }, time());
    } else {
      const session = table.get(id);
      if (session?.worker === worker) table.close(session, time());
    }
  }

  #recheck(worker: WorkerRecord): void {
    if (this.#rechecks.has(worker) || this.#stopped) return;
    const timer = setTimeout(() => {
      this.#rechecks.delete(worker);
      if (worker.liveness !== workerLiveness.dead) void this.probe(worker);
    }, recheckMs + 50);
    timer.unref();
    this.#rechecks.set(worker, timer);
  }
}

function report({ index, opened_by, owner, lease_s }: ReportedSession) {
  return { index, openedBy: opened_by, owner, leaseMs: lease_s === undefined ? undefined : lease_s * 1000 };
}
