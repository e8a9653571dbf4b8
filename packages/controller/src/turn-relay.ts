import { CodedError, headerNames, type Interact, isCodedError, workerLiveness, workerRoutes } from "@eval/protocol";
import type { RawResponse } from "@eval/protocol/http-client";
import type { Peer, RawReply } from "@eval/protocol/http-server";
import type { RecoveryWindow } from "./recovery-window.js";
import type { SessionCloser } from "./session-closer.js";
import type { SessionRecord, SessionTable, Time } from "./session-table.js";
import type { WorkerClients } from "./worker-client.js";
import type { WorkerRecord, WorkerRegistry } from "./worker-registry.js";
import { assertNotCancelled, isFinished, isLost, isOurs, parseObject, sessionReply } from "./worker-reply.js";
import type { WorkerSync } from "./worker-sync.js";

export interface TurnRelayOptions {
  registry: WorkerRegistry;
  table: SessionTable;
  clients: WorkerClients;
  closer: SessionCloser;
  sync: WorkerSync;
  recovery: RecoveryWindow;
  time: () => Time;
  /** How long a turn of a v0.2 worker may take, in milliseconds. */
  timeoutMs: number;
}

/** The client that requests a turn. */
export interface Caller {
  peer: Peer;
  /** Whether the connection is closed, so that the reply is no longer needed. */
  isGone: () => boolean;
}

/** How long one of our workers may hold a poll of a turn, in milliseconds. */
const pollMs = 25_000;

/** Additional time that a poll may take. */
const pollGraceMs = 10_000;

/** How long a worker may take to report whether it knows a session. */
const findTimeoutMs = 2_000;

/** Routes turns between clients and the workers of their sessions. */
export class TurnRelay {
  readonly #path = workerRoutes.interact.path;

  constructor(private readonly options: TurnRelayOptions) {}

  async interact(request: Interact, caller: Caller): Promise<RawReply> {
    const { table, time } = this.options;
    const record = table.get(request.session_id);
    if (record === undefined) return this.#interactUnknown(request, caller);
    record.calls += 1;
    table.hear(record, time());
    try {
      const reply = await this.#relay(request, record.worker, caller).catch((error: unknown) => {
        throw this.#failed(record, request, error);
      });
      if (isFinished(reply)) table.close(record, time());
      assertNotCancelled(record, caller.peer);
      return reply;
    } finally {
      record.calls -= 1;
      table.touch(record, time());
    }
  }

  /** Decides what happens to the session of a failed turn, and returns the error for the client. */
  #failed(record: SessionRecord, { turn }: Interact, error: unknown): unknown {
    const { table, closer, time } = this.options;
    const code = isCodedError(error) ? error.code : "INTERNAL";
    if (endings.has(code)) table.close(record, time());
    if (code === "WRONG_WORKER") return unknownSession();
    const mayAskAgain = turn !== undefined && record.worker.features.includes("replay");
    // It is unknown whether the turn was executed, and the turn cannot be requested again.
    if (code === "WORKER_NOT_RESPONDING" && !mayAskAgain) void closer.close(record);
    return error;
  }

  /** Runs a turn. Our workers are polled, so that no call stays open for long, however long the turn takes. */
  async #relay(request: Interact, worker: WorkerRecord, { peer, isGone }: Caller): Promise<RawReply> {
    const { clients, timeoutMs } = this.options;
    if (!worker.features.includes("replay")) {
      const { session_id, agent_response } = request;
      return sessionReply(
        await clients.post(worker, this.#path, { session_id, agent_response }, timeoutMs),
        worker,
        peer,
      );
    }
    let { turn } = request;
    for (;;) {
      const response = await this.#poll({ ...request, turn }, worker);
      const isPending = response.headers[headerNames.state] === "pending";
      if (!isPending || request.wait_ms !== undefined) return sessionReply(response, worker, peer);
      if (isGone()) throw new CodedError("TIMEOUT", "The client disconnected while its turn was running");
      turn = parseObject(response.body).turn as number;
    }
  }

  /** Requests a turn once. If the reply was lost between the worker and the controller, it is requested again. */
  async #poll(request: Interact, worker: WorkerRecord): Promise<RawResponse> {
    const wait_ms = Math.min(request.wait_ms ?? pollMs, pollMs);
    const ask = () => this.options.clients.post(worker, this.#path, { ...request, wait_ms }, wait_ms + pollGraceMs);
    return ask().catch((error: unknown) => {
      if (request.turn !== undefined && isLost(error)) return ask();
      throw error;
    });
  }

  /**
   * A turn of a session that is not in the table. It may have ended a moment ago, or while no controller was there:
   * then its worker still has the last reply. Or it is running on a worker that has not registered again yet.
   */
  async #interactUnknown(request: Interact, caller: Caller): Promise<RawReply> {
    const worker = isOurs(caller.peer) && request.turn !== undefined ? await this.#find(request) : undefined;
    if (worker) {
      try {
        return await this.#relay(request, worker, caller);
      } catch (error) {
        if (!isCodedError(error) || error.code !== "SESSION_NOT_FOUND") throw error;
      }
    }
    if (isOurs(caller.peer)) this.options.recovery.assertOver(`session ${request.session_id}`);
    throw unknownSession();
  }

  /** The worker that knows a session. Asking is harmless: a turn that is sent again is not executed again. */
  async #find(request: Interact): Promise<WorkerRecord | undefined> {
    const { registry, table, time, clients, sync } = this.options;
    const recent = table.recentWorker(request.session_id, time().lived);
    if (recent && registry.has(recent)) return recent;
    const candidates = [...registry.workers()].filter(
      ({ features, liveness }) => features.includes("replay") && liveness !== workerLiveness.dead,
    );
    const asked = candidates.map(async (worker) => {
      try {
        await clients.post(worker, this.#path, { ...request, wait_ms: 0 }, findTimeoutMs);
      } catch (error) {
        if (!isCodedError(error) || elsewhere.has(error.code)) throw error;
      }
      void sync.probe(worker);
      return worker;
    });
    return Promise.any(asked).catch(() => undefined);
  }
}

/** Answers of a worker that does not have the session. Any other error is about the session, so it has it. */
const elsewhere = new Set<string>(["SESSION_NOT_FOUND", "WRONG_WORKER", "WORKER_NOT_RESPONDING"]);

/** Errors with which a session has ended at its worker. */
const endings = new Set<string>(["TASK_ERROR", "SESSION_NOT_FOUND", "SESSION_CANCELLED"]);

export function unknownSession(): CodedError {
  return new CodedError("SESSION_NOT_FOUND", "Error: Session does not exist");
}
