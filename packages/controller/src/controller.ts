import {
  CodedError,
  features,
  headerNames,
  type Interact,
  intersectFeatures,
  isCodedError,
  isErrorCode,
  messageOf,
  type Renew,
  type SessionId,
  type StartSample,
  workerLiveness,
  workerRoutes,
} from "@eval/protocol";
import { neverSent, type RawResponse } from "@eval/protocol/http-client";
import { type Peer, RawReply } from "@eval/protocol/http-server";
import type { Logger } from "@eval/protocol/logger";
import { LivedClock } from "./lived-clock.js";
import { sessionIdOf } from "./session-id.js";
import { type SessionRecord, SessionTable, type Time } from "./session-table.js";
import { WorkerClients } from "./worker-client.js";
import { type TaskRecord, type WorkerRecord, WorkerRegistry } from "./worker-registry.js";
import { WorkerSync } from "./worker-sync.js";

/** Timers and limits of a controller, in milliseconds. */
export interface ControllerLimits {
  /** Without a heartbeat for so long, a worker is COMA: it gets no new session. Default 11,000. */
  comaAfterMs: number;
  /** Without contact for so long, a worker and its sessions are forgotten. Default 60,000. */
  forgetAfterMs: number;
  /** After the start, unknown tasks and sessions may still become known for so long. Default 20,000. */
  recoveryWindowMs: number;
  /** A session of a v0.2 client without a turn for so long is cancelled. Default 1,800,000. */
  sessionExpireMs: number;
  /** How long a start or a turn of a v0.2 worker may take. Default 240,000. */
  workerTimeoutMs: number;
  /** How long a task may take over its overall. Default 600,000. */
  overallTimeoutMs: number;
}

export const defaultLimits: ControllerLimits = {
  comaAfterMs: 11_000,
  forgetAfterMs: 60_000,
  recoveryWindowMs: 20_000,
  sessionExpireMs: 1_800_000,
  workerTimeoutMs: 240_000,
  overallTimeoutMs: 600_000,
};

export interface ControllerOptions extends Partial<ControllerLimits> {
  /** Random id of this process. */
  instance: string;
  logger: Logger;
  token?: string | undefined;
}

/** How often the reaper looks, in milliseconds. */
export const tickMs = 1_000;

/** How long one poll of a turn may be held back by a worker of ours, in milliseconds. */
const pollMs = 25_000;

/** The use cases of the controller: start, interact, cancel, renew. */
export class Controller {
  readonly limits: ControllerLimits;
  readonly registry = new WorkerRegistry();
  readonly table = new SessionTable();
  readonly clients: WorkerClients;
  readonly sync: WorkerSync;
  readonly clock = new LivedClock(() => performance.now(), tickMs);
  readonly #startedAt: number;
  readonly #starting = new Map<SessionId, Promise<RawReply>>();

  constructor(readonly options: ControllerOptions) {
    const { instance, logger, token, ...limits } = options;
    this.limits = { ...defaultLimits, ...limits };
    const { registry, table } = this;
    this.clients = new WorkerClients({ registry, instance, token, turnTimeoutMs: this.limits.workerTimeoutMs });
    this.sync = new WorkerSync({
      registry,
      table,
      clients: this.clients,
      instance,
      logger,
      time: () => this.time(),
      cancelAt: async (worker, id) => void (await this.#cancelAt(worker, id)),
    });
    this.#startedAt = this.clock.now();
  }

  time(): Time {
    return { lived: this.clock.now(), wall: Date.now() };
  }

  /** The task of that name; while workers may still come back, our clients are asked to wait instead. */
  task(name: string, peer: Peer): TaskRecord {
    const task = this.registry.task(name);
    if (task) return task;
    if (isOurs(peer)) this.assertRecovered(`task ${name}`);
    throw new CodedError("TASK_NOT_FOUND", "Error: Task does not exist");
  }

  /** Throws RECOVERING (503) as long as what is not known may still become known. */
  assertRecovered(what: string): void {
    const remaining = this.#startedAt + this.limits.recoveryWindowMs - this.clock.now();
    if (remaining <= 0) return;
    const message = `This controller has just started and does not know ${what} yet: ask again`;
    throw new CodedError("RECOVERING", message, { retryAfterS: 1 });
  }

  /** Opens a session on the worker with the most free capacity. A repeated start finds the session of the first one. */
  async start(request: StartSample, peer: Peer): Promise<RawReply> {
    const id = sessionIdOf(request.request_id);
    const running = this.#starting.get(id);
    if (running) return running;
    const start = this.#start(id, request, peer).finally(() => this.#starting.delete(id));
    this.#starting.set(id, start);
    return start;
  }

  /** One turn. The reply of a worker of ours is passed through unread. */
  async interact(request: Interact, peer: Peer, isGone: () => boolean): Promise<RawReply> {
    const record = this.table.get(request.session_id);
    if (record === undefined) return this.#interactUnknown(request, peer, isGone);
    record.calls += 1;
    this.table.touch(record, this.time());
    try {
      const reply = await this.#relayTurn(request, record.worker, peer, isGone);
      if (isFinished(reply)) this.table.close(record, this.time());
      return reply;
    } catch (error) {
      if (isCodedError(error) && endsSession(error)) this.table.close(record, this.time());
      throw error;
    } finally {
      record.calls -= 1;
      this.table.touch(record, this.time());
    }
  }

  /** Ends a session. It holds its unit of capacity until the worker confirms. */
  async cancel(id: SessionId): Promise<{ session_id: SessionId; pending?: true }> {
    const record = this.table.get(id);
    if (record === undefined) throw new CodedError("SESSION_NOT_FOUND", "Error: Session does not exist");
    const ended = await this.close(record);
    return ended ? { session_id: id } : { session_id: id, pending: true };
  }

  /** Cancels at the worker. Resolves with whether the worker confirmed; if not, the reaper tries again. */
  async close(record: SessionRecord): Promise<boolean> {
    record.state = "closing";
    this.table.touch(record, this.time());
    const ended = await this.#cancelAt(record.worker, record.id);
    if (ended) this.table.close(record, this.time());
    return ended;
  }

  renew({ owner, lease_s }: Renew): { sessions: number } {
    this.#takeOver(owner);
    return { sessions: this.table.renew(owner, lease_s * 1000, this.clock.now()) };
  }

  /** Ends every session of every worker. */
  async cancelAll(): Promise<void> {
    await Promise.all([...this.registry.workers()].map((worker) => this.#cancelAllAt(worker)));
  }

  /** Asks every worker what it runs, and believes it. */
  async syncAll(): Promise<void> {
    await Promise.all([...this.registry.workers()].map((worker) => this.sync.probe(worker)));
  }

  /** Forgets the workers that are out of contact. */
  cleanWorkers(): void {
    for (const worker of [...this.registry.workers()]) {
      if (worker.liveness !== workerLiveness.alive) this.sync.forget(worker, "was cleaned: it is out of contact");
    }
  }

  /** Cancels the sessions that nobody holds any more. */
  async cleanSessions(): Promise<void> {
    const expired = this.table.expired(this.clock.now(), this.limits.sessionExpireMs);
    await Promise.all(expired.map((record) => this.close(record)));
  }

  async stop(): Promise<void> {
    this.sync.stop();
    await Promise.all([...this.registry.workers()].map((worker) => this.clients.close(worker)));
  }

  async #start(id: SessionId, request: StartSample, peer: Peer): Promise<RawReply> {
    const task = this.task(request.name, peer);
    if (!task.known.has(request.index)) throw new CodedError("INDEX_OUT_OF_BOUNDS", "Error: Index out of bounds");
    if (request.owner !== undefined) this.#takeOver(request.owner);
    const there = this.table.get(id) ?? this.#recent(id);
    if (there) return this.#startAt(there.worker, id, request, peer);
    return this.#place(task, id, request, peer);
  }

  /** Tries the task's workers, the freest first, until one takes the sample. */
  async #place(task: TaskRecord, id: SessionId, request: StartSample, peer: Peer): Promise<RawReply> {
    const excluded = new Set<WorkerRecord>();
    for (;;) {
      const worker = this.registry.pick(task, excluded);
      if (worker === undefined) {
        throw new CodedError("NO_WORKERS_AVAILABLE", "Error: No workers available", { status: 406 });
      }
      const record = this.#claim(worker, id, request);
      try {
        const reply = await this.#startAt(worker, id, request, peer);
        if (isFinished(reply)) this.table.close(record, this.time());
        else if (record.state === "starting") record.state = "open";
        record.seenAt = worker.sessionsVersion;
        return reply;
      } catch (error) {
        if (!this.#mayTryAnother(record, error)) throw error;
        excluded.add(worker);
      }
    }
  }

  #claim(worker: WorkerRecord, id: SessionId, { index, owner, lease_s }: StartSample): SessionRecord {
    const leaseMs = lease_s === undefined ? undefined : lease_s * 1000;
    return this.table.open({ id, task: worker.task, index, worker, owner, leaseMs, state: "starting" }, this.time());
  }

  /** What a failed start leaves behind. Another worker is tried only if this one certainly did not start the sample. */
  #mayTryAnother(record: SessionRecord, error: unknown): boolean {
    const code = isCodedError(error) ? error.code : "INTERNAL";
    if (code !== "WORKER_NOT_RESPONDING") {
      this.table.close(record, this.time());
      return code === "CONCURRENCY_LIMIT" || code === "WRONG_WORKER";
    }
    if (!neverSent(error)) {
      void this.close(record);
      return false;
    }
    this.table.close(record, this.time());
    return true;
  }

  async #startAt(worker: WorkerRecord, id: SessionId, request: StartSample, peer: Peer): Promise<RawReply> {
    const { index, request_id, owner, lease_s } = request;
    const shared = isOurs(peer) ? intersectFeatures(peer.features, features, worker.features) : [];
    const isReplayable = shared.includes("replay") && request_id !== undefined;
    const extensions = worker.incarnation === undefined ? {} : { request_id, owner, lease_s };
    const body = { index, session_id: id, ...extensions };
    const send = () => this.#post(worker, workerRoutes.startSample.path, body, this.limits.workerTimeoutMs);
    const response = await send().catch((error: unknown) => {
      if (isReplayable && !neverSent(error)) return send();
      throw error;
    });
    return sessionReply(response, peer, isOurs(peer) ? shared : undefined);
  }

  /** A turn, polled for where the worker is ours: however long it takes, no call is held open for long. */
  async #relayTurn(request: Interact, worker: WorkerRecord, peer: Peer, isGone: () => boolean): Promise<RawReply> {
    const { session_id, agent_response } = request;
    const plain = { session_id, agent_response };
    const { path } = workerRoutes.interact;
    if (!worker.features.includes("replay")) {
      return sessionReply(await this.#post(worker, path, plain, this.limits.workerTimeoutMs), peer, undefined);
    }
    let { turn } = request;
    for (;;) {
      const wait_ms = Math.min(request.wait_ms ?? pollMs, pollMs);
      const response = await this.#post(worker, path, { ...plain, turn, wait_ms }, wait_ms + 10_000);
      const isPending = response.headers[headerNames.state] === "pending";
      if (!isPending || request.wait_ms !== undefined) return sessionReply(response, peer, undefined);
      if (isGone()) throw new CodedError("TIMEOUT", "The client went away while its turn was executed");
      turn = (JSON.parse(response.body) as { turn: number }).turn;
    }
  }

  /** Posts to a worker. A failed call is an observation, not a death: it has the worker asked, and says so. */
  async #post(worker: WorkerRecord, path: string, body: unknown, timeoutMs: number): Promise<RawResponse> {
    let response: RawResponse;
    try {
      response = await this.clients.post(worker, path, body, { timeoutMs });
    } catch (error) {
      if (isCodedError(error) && error.code === "UNREACHABLE") void this.sync.probe(worker);
      const detail = `Error: Worker not responding\n${messageOf(error)}`;
      throw new CodedError("WORKER_NOT_RESPONDING", detail, { cause: error, detail });
    }
    if (response.status >= 400) throw workerError(response);
    return response;
  }

  async #cancelAt(worker: WorkerRecord, id: SessionId): Promise<boolean> {
    const { path } = workerRoutes.cancel;
    try {
      const response = await this.#post(worker, path, { session_id: id }, 8_000);
      return parseObject(response.body).pending !== true;
    } catch (error) {
      return isCodedError(error) && error.code === "SESSION_NOT_FOUND";
    }
  }

  async #cancelAllAt(worker: WorkerRecord): Promise<void> {
    const records = this.table.of(worker);
    for (const record of records) record.state = "closing";
    try {
      await this.clients
        .of(worker)
        .cancelAll(undefined, { timeoutMs: 30_000, headers: this.clients.addressing(worker) });
    } catch (error) {
      this.options.logger.warn(`Worker ${worker.address} did not cancel its sessions: ${messageOf(error)}`);
    }
    await this.sync.probe(worker);
  }

  /**
   * A turn of a session that is not in the table. It may have ended a moment ago, or while no controller was there:
   * then its worker still has the last reply. Any other worker answers that it does not know the session.
   */
  async #interactUnknown(request: Interact, peer: Peer, isGone: () => boolean): Promise<RawReply> {
    const id = request.session_id;
    const recent = this.#recent(id)?.worker;
    const all = [...this.registry.workers()].filter((worker) => worker.features.includes("replay"));
    const candidates = !isOurs(peer) || request.turn === undefined ? [] : recent ? [recent] : all;
    const replies = candidates.map((worker) => this.#relayTurn(request, worker, peer, isGone));
    try {
      return await Promise.any(replies);
    } catch (error) {
      const errors = error instanceof AggregateError ? error.errors : [error];
      const telling = errors.find((one) => !isCodedError(one) || one.code !== "SESSION_NOT_FOUND");
      if (telling) throw telling;
    }
    if (isOurs(peer)) this.assertRecovered(`session ${id}`);
    throw new CodedError("SESSION_NOT_FOUND", "Error: Session does not exist");
  }

  #recent(id: SessionId): { worker: WorkerRecord } | undefined {
    const worker = this.table.recentWorker(id, this.clock.now());
    return worker && this.registry.at(worker.address) === worker ? { worker } : undefined;
  }

  /** A new client instance of a run ends what its predecessor has left. */
  #takeOver(owner: string): void {
    for (const record of this.table.predecessorsOf(owner)) {
      if (record.state === "open") void this.close(record);
    }
  }
}

function isOurs(peer: Peer): boolean {
  return peer.instance !== undefined;
}

function isFinished(reply: RawReply): boolean {
  return reply.headers[headerNames.state] === "finished";
}

/** Errors after which the session is no more. */
function endsSession(error: CodedError): boolean {
  return error.code === "TASK_ERROR" || error.code === "SESSION_NOT_FOUND";
}

/**
 * The worker's reply for a client. Ours is passed through as it is; a v0.2 client gets v0.2's two fields. A worker that
 * says in a header how the session stands spares the reading.
 */
function sessionReply(response: RawResponse, peer: Peer, shared: readonly string[] | undefined): RawReply {
  const header = response.headers[headerNames.state];
  const state = typeof header === "string" ? header : stateOf(response.body);
  const headers = { [headerNames.state]: state };
  if (!isOurs(peer)) {
    const { session_id, output } = parseObject(response.body);
    return new RawReply(200, JSON.stringify({ session_id, output }), headers);
  }
  if (shared === undefined) return new RawReply(200, response.body, headers);
  const withFeatures = `{"features":${JSON.stringify(shared)},${response.body.slice(response.body.indexOf("{") + 1)}`;
  return new RawReply(200, withFeatures, headers);
}

function stateOf(body: string): string {
  const { output } = parseObject(body) as { output?: { status?: string } };
  return output?.status === "running" ? "running" : "finished";
}

/** v0.2's form: the worker's status, and its body as text. The code is the worker's own, for our clients. */
function workerError(response: RawResponse): CodedError {
  const text = `Error: Worker returned error\n${response.body}`;
  return new CodedError(codeOf(response), text, { status: response.status, detail: text });
}

function codeOf({ body, status }: RawResponse) {
  const { code, detail } = parseObject(body);
  if (isErrorCode(code)) return code;
  if (detail === "No such session") return "SESSION_NOT_FOUND";
  if (status === 501) return "TASK_ERROR";
  return status === 406 ? "CONCURRENCY_LIMIT" : "WORKER_ERROR";
}

function parseObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
