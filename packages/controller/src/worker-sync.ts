import { CodedError, type Heartbeat, isCodedError, messageOf, type SessionId, workerLiveness } from "@eval/protocol";
import type { Peer } from "@eval/protocol/http-server";
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
  /** Ends a session at its worker; the worker may know nothing of it. */
  cancelAt: (worker: WorkerRecord, id: SessionId) => Promise<void>;
  /** How long a worker may take to say what it runs, in milliseconds. Default 5,000. */
  statusTimeoutMs?: number;
}

/** Keeps what the controller believes of its workers in step with what they say. */
export class WorkerSync {
  readonly #registering = new Map<string, Promise<void>>();
  readonly #probes = new Map<WorkerRecord, Promise<boolean>>();
  readonly #suspects = new Map<WorkerRecord, ReadonlySet<SessionId>>();
  readonly #rechecks = new Set<NodeJS.Timeout>();
  #stopped = false;

  constructor(private readonly options: WorkerSyncOptions) {}

  /** A worker's heartbeat: known or new, of the same process or of the next one at its address. */
  async heartbeat(heartbeat: Heartbeat, peer: Peer): Promise<void> {
    // Two first heartbeats of one address: the second waits for what the first one finds out.
    await this.#registering.get(heartbeat.address)?.catch(() => {});
    const worker = this.options.registry.at(heartbeat.address);
    if (worker && worker.incarnation === heartbeat.incarnation && worker.task === heartbeat.name) {
      return this.#beat(worker, heartbeat);
    }
    const registration = this.#register(heartbeat, peer);
    this.#registering.set(heartbeat.address, registration);
    try {
      await registration;
    } finally {
      this.#registering.delete(heartbeat.address);
    }
  }

  /** Asks a worker what it runs and acts on it. Resolves with whether it answered. Calls for one worker are shared. */
  probe(worker: WorkerRecord): Promise<boolean> {
    const running = this.#probes.get(worker);
    if (running) return running;
    const probe = this.#ask(worker).finally(() => this.#probes.delete(worker));
    this.#probes.set(worker, probe);
    return probe;
  }

  /** Drops a worker and all that ran there. */
  forget(worker: WorkerRecord, why: string): void {
    const { registry, table, clients, logger, time } = this.options;
    const sessions = table.of(worker);
    for (const session of sessions) table.close(session, time());
    registry.forget(worker);
    this.#suspects.delete(worker);
    void clients.close(worker);
    logger.warn(`Worker ${worker.address} (${worker.task}) ${why}`, { sessions: sessions.length });
  }

  stop(): void {
    this.#stopped = true;
    for (const timer of this.#rechecks) clearTimeout(timer);
  }

  async #beat(worker: WorkerRecord, heartbeat: Heartbeat): Promise<void> {
    this.options.registry.assertSameIndices(heartbeat);
    const returned = this.options.registry.beat(worker, heartbeat, this.options.time());
    const countsDiffer = worker.incarnation !== undefined && worker.reported !== worker.sessions.size;
    if (returned || !worker.synced) await this.#assertAnswers(worker);
    else if (countsDiffer) void this.probe(worker);
  }

  async #register(heartbeat: Heartbeat, peer: Peer): Promise<void> {
    const { registry, logger, time } = this.options;
    registry.assertSameIndices(heartbeat);
    const former = registry.at(heartbeat.address);
    if (former) this.forget(former, "was replaced by another process at its address");
    const worker = registry.register(heartbeat, peer.features, time());
    try {
      await this.#assertAnswers(worker);
    } catch (error) {
      this.forget(worker, "was refused: it could not be called back");
      throw error;
    }
    logger.info(`Worker ${worker.address} registered for ${worker.task}`, {
      capacity: worker.capacity,
      adopted: worker.sessions.size,
    });
  }

  /** Calls the worker back at the address that it gave; nothing is placed there before it has answered for itself. */
  async #assertAnswers(worker: WorkerRecord): Promise<void> {
    if (await this.probe(worker)) return;
    const advice = "is it reachable from the controller's host? (--self sets the address that a worker gives)";
    const detail = "Error: Worker status abnormal";
    throw new CodedError("WORKER_ABNORMAL", `${detail}\n${worker.address} did not answer as ${worker.task}: ${advice}`);
  }

  async #ask(worker: WorkerRecord): Promise<boolean> {
    const { clients, registry, logger, statusTimeoutMs = 5_000 } = this.options;
    try {
      const status = await clients.status(worker, statusTimeoutMs);
      if (registry.at(worker.address) !== worker || this.#stopped) return false;
      if (!status.v02 && status.incarnation !== worker.incarnation) return false;
      const observation: Observation = status.v02
        ? { version: undefined, sessions: reported(status.sessions, (index) => ({ index })) }
        : { version: status.sessions_version ?? 0, sessions: reported(status.sessions ?? {}, (session) => session) };
      registry.observe(worker, observation.version, observation.sessions.size);
      worker.synced = true;
      this.#apply(worker, observation);
      return true;
    } catch (error) {
      if (!isCodedError(error)) throw error;
      logger.debug(`Worker ${worker.address} did not say what it runs: ${messageOf(error)}`);
      return false;
    }
  }

  #apply(worker: WorkerRecord, observation: Observation): void {
    const { table, instance, time, logger } = this.options;
    const now = time().lived;
    const beliefs = table.of(worker).map(
      ({ id, state, seenAt, calls, touched }): Belief => ({
        id,
        state,
        seenAt,
        busy: calls > 0 || now - touched < recheckMs,
      }),
    );
    const verdict = reconcile(beliefs, observation, {
      instance,
      knownVersion: worker.sessionsVersion,
      isElsewhere: (id) => table.get(id) !== undefined && table.get(id)?.worker !== worker,
      wasClosed: (id) => table.recentWorker(id, now) === worker,
      suspects: this.#suspects.get(worker) ?? new Set(),
    });
    for (const action of verdict.actions) this.#act(worker, action);
    if (verdict.actions.length > 0) {
      const count = (kind: Action["kind"]) => verdict.actions.filter((action) => action.kind === kind).length;
      const counts = { adopted: count("adopt"), dropped: count("drop"), cancelled: count("cancel") };
      logger.info(`Reconciled with worker ${worker.address}`, counts);
    }
    this.#suspects.set(worker, verdict.suspects);
    if (verdict.suspects.size > 0) this.#recheck(worker);
  }

  #act(worker: WorkerRecord, action: Action): void {
    const { table, time, cancelAt } = this.options;
    const { id } = action;
    if (action.kind === "cancel") void cancelAt(worker, id);
    else if (action.kind === "adopt") {
      const { index, owner, leaseMs } = action;
      table.open({ id, index, owner, leaseMs, task: worker.task, worker, state: "open" }, time());
    } else {
      const session = table.get(id);
      if (session?.worker === worker) table.close(session, time());
    }
  }

  /** The second look at what seemed out of place on a v0.2 worker. */
  #recheck(worker: WorkerRecord): void {
    const timer = setTimeout(() => {
      this.#rechecks.delete(timer);
      if (worker.liveness !== workerLiveness.dead) void this.probe(worker);
    }, recheckMs);
    this.#rechecks.add(timer);
  }
}

/** Milliseconds between the two observations that a v0.2 worker's sessions need. */
const recheckMs = 1_000;

function reported<Session>(
  sessions: Record<string, Session>,
  read: (session: Session) => {
    index: string | number;
    opened_by?: string | undefined;
    owner?: string | undefined;
    lease_s?: number | undefined;
  },
): Observation["sessions"] {
  return new Map(
    Object.entries(sessions).map(([id, session]) => {
      const { index, opened_by: openedBy, owner, lease_s } = read(session);
      return [Number(id), { index, openedBy, owner, leaseMs: lease_s === undefined ? undefined : lease_s * 1000 }];
    }),
  );
}
