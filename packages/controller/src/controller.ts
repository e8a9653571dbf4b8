import {
  CodedError,
  type Interact,
  LivedClock,
  type Renew,
  type SessionId,
  type StartSample,
  workerLiveness,
} from "@eval/protocol";
import type { Peer, RawReply } from "@eval/protocol/http-server";
import type { Logger } from "@eval/protocol/logger";
import { type ControllerLimits, defaultLimits, tickMs } from "./limits.js";
import { Placement } from "./placement.js";
import { RecoveryWindow } from "./recovery-window.js";
import { Registration } from "./registration.js";
import { SessionCloser } from "./session-closer.js";
import { SessionTable, type Time } from "./session-table.js";
import { type Caller, TurnRelay, unknownSession } from "./turn-relay.js";
import { WorkerClients } from "./worker-client.js";
import { type TaskRecord, type WorkerRecord, WorkerRegistry } from "./worker-registry.js";
import { isOurs } from "./worker-reply.js";
import { WorkerSync } from "./worker-sync.js";

export interface ControllerOptions extends Partial<ControllerLimits> {
  /** Random id of this process. */
  instance: string;
  logger: Logger;
  token?: string | undefined;
  /** Host names under which the controller is reached, in addition to loopback names and IP addresses. Default: none. */
  hostNames?: readonly string[] | undefined;
}

/** The operations of the controller and its state. Without a server: see createControllerServer. */
export class Controller {
  readonly limits: ControllerLimits;
  readonly registry = new WorkerRegistry();
  readonly table = new SessionTable();
  readonly clock = new LivedClock(() => performance.now(), tickMs);
  readonly clients: WorkerClients;
  readonly sync: WorkerSync;
  readonly registration: Registration;
  readonly closer: SessionCloser;
  readonly #recovery: RecoveryWindow;
  readonly #placement: Placement;
  readonly #turns: TurnRelay;

  constructor(readonly options: ControllerOptions) {
    const { instance, logger, token, hostNames: _, ...limits } = options;
    this.limits = { ...defaultLimits, ...limits };
    const { registry, table } = this;
    const time = () => this.time();
    const clients = new WorkerClients({
      ...{ registry, instance, token, logger },
      onUnreachable: (worker) => void this.sync.probe(worker),
      onContradiction: (worker) => void this.sync.probe(worker),
      onReplaced: (worker) => this.sync.forget(worker, "is gone: another process answers at its address"),
    });
    this.clients = clients;
    this.sync = new WorkerSync({ registry, table, clients, instance, logger, time });
    this.registration = new Registration({ registry, sync: this.sync, logger, time });
    this.closer = new SessionCloser(table, clients, time);
    this.#recovery = new RecoveryWindow(() => this.clock.now(), this.limits.recoveryWindowMs);
    const timeoutMs = this.limits.workerTimeoutMs;
    const shared = { registry, table, clients, closer: this.closer, time, timeoutMs };
    this.#placement = new Placement(shared);
    this.#turns = new TurnRelay({ ...shared, sync: this.sync, recovery: this.#recovery });
  }

  time(): Time {
    return { lived: this.clock.now(), wall: Date.now() };
  }

  /** The task of that name. During the recovery window, our clients are asked to retry instead. */
  task(name: string, peer: Peer, statusIfUnknown = 400): TaskRecord {
    const task = this.registry.task(name);
    if (task) return task;
    if (isOurs(peer)) this.#recovery.assertOver(`task ${name}`);
    throw new CodedError("TASK_NOT_FOUND", "Error: Task does not exist", { status: statusIfUnknown });
  }

  /** Opens a session on the worker with the most free capacity. A repeated start finds the session of the first one. */
  async start(request: StartSample, peer: Peer): Promise<RawReply> {
    const task = this.task(request.name, peer, 406);
    if (request.owner !== undefined) this.#takeOver(request.owner);
    return this.#placement.start(task, request, peer);
  }

  /** Runs one turn. The reply of one of our workers is passed through without parsing it. */
  interact(request: Interact, caller: Caller): Promise<RawReply> {
    return this.#turns.interact(request, caller);
  }

  /** Ends a session. It holds its unit of capacity until the worker confirms; a v0.2 client gets the reason if the worker does not. */
  async cancel(id: SessionId, peer: Peer): Promise<{ session_id: SessionId; pending?: true }> {
    const record = this.table.get(id);
    if (record === undefined) {
      const hasEnded = this.table.recentWorker(id, this.clock.now()) !== undefined;
      if (isOurs(peer) && !hasEnded) this.#recovery.assertOver(`session ${id}`);
      throw unknownSession();
    }
    const { ended, error } = await this.closer.close(record);
    if (error !== undefined && !isOurs(peer)) throw error;
    return ended ? { session_id: id } : { session_id: id, pending: true };
  }

  renew({ owner, lease_s }: Renew): { sessions: number } {
    this.#takeOver(owner);
    return { sessions: this.table.renew(owner, lease_s * 1000, this.clock.now()) };
  }

  /** Ends every session of every worker. */
  async cancelAll(): Promise<void> {
    await Promise.all([...this.registry.workers()].map((worker) => this.#cancelAllAt(worker)));
  }

  /** Asks every worker for its sessions, and adopts its answer. */
  async syncAll(): Promise<void> {
    await Promise.all([...this.registry.workers()].map((worker) => this.sync.probe(worker)));
  }

  /** Forgets the workers that are out of contact. */
  cleanWorkers(): void {
    for (const worker of [...this.registry.workers()]) {
      if (worker.liveness !== workerLiveness.alive)
        this.sync.forget(worker, "was removed by clean_worker: it is out of contact");
    }
  }

  /** Cancels expired sessions: those whose lease has ended, and those of v0.2 clients without a recent turn. */
  async cleanSessions(): Promise<void> {
    const expired = this.table.expired(this.clock.now(), this.limits.sessionExpireMs);
    await Promise.all(expired.map((record) => this.closer.close(record)));
  }

  async stop(): Promise<void> {
    this.sync.stop();
    await Promise.all([...this.registry.workers()].map((worker) => this.clients.close(worker)));
  }

  async #cancelAllAt(worker: WorkerRecord): Promise<void> {
    const records = this.table.of(worker);
    for (const record of records) record.state = "closing";
    const answered = await this.clients.cancelAll(worker);
    // v0.2 answers when all have ended; ours may still wait for some, and says which.
    if (answered && worker.incarnation === undefined)
      for (const record of records) this.table.close(record, this.time());
    else await this.sync.probe(worker);
  }

  /** A new client instance of a run ends the sessions of its predecessor. */
  #takeOver(owner: string): void {
    for (const record of this.table.predecessorsOf(owner)) {
      if (record.state === "open") void this.closer.close(record);
    }
  }
}
