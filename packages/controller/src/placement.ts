import {
  CodedError,
  intersectFeatures,
  isCodedError,
  type SessionId,
  type StartSample,
  sessionFeatures,
  sessionIdOf,
  workerRoutes,
} from "@eval/protocol";
import { neverSent } from "@eval/protocol/http-client";
import type { Peer, RawReply } from "@eval/protocol/http-server";
import type { SessionCloser } from "./session-closer.js";
import type { SessionRecord, SessionTable, Time } from "./session-table.js";
import type { WorkerClients } from "./worker-client.js";
import type { TaskRecord, WorkerRecord, WorkerRegistry } from "./worker-registry.js";
import { assertNotCancelled, isFinished, isLost, isOurs, sessionReply } from "./worker-reply.js";

export interface PlacementOptions {
  registry: WorkerRegistry;
  table: SessionTable;
  clients: WorkerClients;
  closer: SessionCloser;
  time: () => Time;
  /** How long a start may take, in milliseconds. */
  timeoutMs: number;
}

/** Opens sessions: on the worker with the most free capacity, or on the worker of the same start's first attempt. */
export class Placement {
  readonly #starting = new Map<SessionId, { request: StartSample; reply: Promise<RawReply> }>();

  constructor(private readonly options: PlacementOptions) {}

  /** A repeated start (same request id) joins the first one, or finds its session. */
  async start(task: TaskRecord, request: StartSample, peer: Peer): Promise<RawReply> {
    if (!task.known.has(request.index)) throw new CodedError("INDEX_OUT_OF_BOUNDS", "Error: Index out of bounds");
    const id = sessionIdOf(request.request_id);
    const running = this.#starting.get(id);
    if (running) {
      assertSame(running.request.name, running.request.index, request);
      return running.reply;
    }
    const reply = this.#start(id, task, request, peer).finally(() => this.#starting.delete(id));
    this.#starting.set(id, { request, reply });
    return reply;
  }

  async #start(id: SessionId, task: TaskRecord, request: StartSample, peer: Peer): Promise<RawReply> {
    const { table, registry, time } = this.options;
    const there = table.get(id);
    if (there === undefined) {
      // The session may have just ended there: that worker still has the reply.
      const recent = table.recentWorker(id, time().lived);
      return this.#place(id, task, request, peer, recent && registry.has(recent) ? recent : undefined);
    }
    assertSame(there.task, there.index, request);
    const reply = await this.#startAt(there.worker, id, request, peer).catch((error: unknown) => {
      if (codeOf(error) === "SESSION_CANCELLED") table.close(there, time());
      // The worker's process has ended, and so has the session.
      if (codeOf(error) !== "WRONG_WORKER") throw error;
    });
    return reply ? this.#settle(there, reply, peer) : this.#place(id, task, request, peer, undefined);
  }

  /** Tries the task's workers, those with the most free capacity first, until one accepts the sample. */
  async #place(
    id: SessionId,
    task: TaskRecord,
    request: StartSample,
    peer: Peer,
    preferred: WorkerRecord | undefined,
  ): Promise<RawReply> {
    const { registry } = this.options;
    const excluded = new Set<WorkerRecord>();
    for (let worker = preferred ?? registry.pick(task, excluded); worker; worker = registry.pick(task, excluded)) {
      const record = this.#claim(worker, id, request);
      const reply = await this.#startAt(worker, id, request, peer).catch((error: unknown) => {
        if (!this.#mayTryAnother(record, error)) throw error;
      });
      if (reply) return this.#settle(record, reply, peer);
      excluded.add(worker);
    }
    throw new CodedError("NO_WORKERS_AVAILABLE", "Error: No workers available", { status: 406 });
  }

  #claim(worker: WorkerRecord, id: SessionId, { index, owner, lease_s }: StartSample): SessionRecord {
    const leaseMs = lease_s === undefined ? undefined : lease_s * 1000;
    const { table, time } = this.options;
    return table.open({ id, task: worker.task, index, worker, owner, leaseMs, state: "starting" }, time());
  }

  #settle(record: SessionRecord, reply: RawReply, peer: Peer): RawReply {
    const { table, closer, time } = this.options;
    if (isFinished(reply)) table.close(record, time());
    else if (record.state === "starting") record.state = "open";
    else if (record.state === "closing") void closer.closeStarted(record);
    record.seenAt = record.worker.sessionsVersion;
    assertNotCancelled(record, peer);
    return reply;
  }

  /** Cleans up after a failed start. Another worker is tried only if this one certainly did not start the sample. */
  #mayTryAnother(record: SessionRecord, error: unknown): boolean {
    const { table, closer, time } = this.options;
    const code = codeOf(error);
    const isWanted = record.state !== "closing";
    if (code === "CONCURRENCY_LIMIT" || code === "WRONG_WORKER" || neverSent(error)) {
      table.discard(record);
      return isWanted;
    }
    // No longer starting: the result of the cancel on the worker decides.
    if (record.state === "starting") record.state = "open";
    if (code === "WORKER_NOT_RESPONDING") void closer.close(record);
    else table.close(record, time());
    return false;
  }

  async #startAt(worker: WorkerRecord, id: SessionId, request: StartSample, peer: Peer): Promise<RawReply> {
    const { index, request_id, owner, lease_s } = request;
    const shared = isOurs(peer) ? intersectFeatures(sessionFeatures, peer.features, worker.features) : [];
    const isReplayable = shared.includes("replay") && request_id !== undefined;
    const extensions = worker.incarnation === undefined ? {} : { request_id, owner, lease_s };
    const body = { index, session_id: id, ...extensions };
    const { clients, timeoutMs } = this.options;
    const send = () => clients.post(worker, workerRoutes.startSample.path, body, timeoutMs);
    const response = await send().catch((error: unknown) => {
      if (isReplayable && isLost(error)) return send();
      throw error;
    });
    return sessionReply(response, worker, peer, shared);
  }
}

/** A request id names one start. */
function assertSame(task: string, index: StartSample["index"], request: StartSample): void {
  if (task === request.name && index === request.index) return;
  throw new CodedError("SESSION_EXISTS", "request_id: it was used for another sample");
}

function codeOf(error: unknown): string {
  return isCodedError(error) ? error.code : "INTERNAL";
}
