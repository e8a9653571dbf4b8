import { headerNames, isCodedError, messageOf, type SessionId, workerRoutes } from "@eval/protocol";
import { createClient, type RawResponse, type RouteClient } from "@eval/protocol/http-client";
import type { Logger } from "@eval/protocol/logger";
import type { WorkerRecord, WorkerRegistry } from "./worker-registry.js";
import { notResponding, parseObject, workerError } from "./worker-reply.js";

/** What came of a cancel. */
export interface CancelOutcome {
  /** Whether the session has ended: confirmed, or unknown at its worker, or its worker's process has ended. */
  ended: boolean;
  /** Why the worker did not confirm: WORKER_NOT_RESPONDING, or its own error. */
  error?: unknown;
}

export interface WorkerClientsOptions {
  registry: WorkerRegistry;
  instance: string;
  token?: string | undefined;
  logger: Logger;
  /** A call failed to reach a worker. */
  onUnreachable: (worker: WorkerRecord) => void;
  /** Another process answers at a worker's address. */
  onReplaced: (worker: WorkerRecord) => void;
  /**
   * A v0.2 worker does not know a session that it is believed to run, or has no room where there should be some: it may
   * be another process at the same address.
   */
  onContradiction: (worker: WorkerRecord) => void;
}

/** Calls to workers: addressed to the incarnation that is meant, and every reply's news of sessions taken over. */
export class WorkerClients {
  readonly #clients = new WeakMap<WorkerRecord, RouteClient<typeof workerRoutes>>();
  readonly #addressing = new WeakMap<WorkerRecord, Record<string, string>>();

  constructor(private readonly options: WorkerClientsOptions) {}

  /** The typed client of a worker. */
  of(worker: WorkerRecord): RouteClient<typeof workerRoutes> {
    const there = this.#clients.get(worker);
    if (there) return there;
    const { instance, token } = this.options;
    const client = createClient(workerRoutes, { address: worker.address, instance, token });
    this.#clients.set(worker, client);
    return client;
  }

  /** Headers that name the worker that is meant. */
  addressing(worker: WorkerRecord): Record<string, string> {
    const there = this.#addressing.get(worker);
    if (there) return there;
    const headers: Record<string, string> = { [headerNames.task]: encodeURIComponent(worker.task) };
    if (worker.incarnation !== undefined) headers[headerNames.incarnation] = worker.incarnation;
    this.#addressing.set(worker, headers);
    return headers;
  }

  /**
   * Posts to a worker and returns its reply unread. Rejects with WORKER_NOT_RESPONDING, or with the worker's own error.
   * A failed call is an observation, not a death: it only has the worker looked at.
   */
  async post(worker: WorkerRecord, path: string, body: unknown, timeoutMs: number): Promise<RawResponse> {
    let response: RawResponse;
    try {
      const headers = this.addressing(worker);
      response = await this.of(worker).http.send("POST", path, JSON.stringify(body), { timeoutMs, headers });
    } catch (error) {
      if (isCodedError(error) && error.code === "UNREACHABLE") this.options.onUnreachable(worker);
      throw notResponding(error);
    }
    if (worker.incarnation !== undefined) this.#observe(worker, response.headers);
    if (response.status < 400) return response;
    const error = workerError(response);
    if (error.code === "WRONG_WORKER") this.options.onReplaced(worker);
    if (worker.incarnation === undefined && contradictions.has(error.code)) this.options.onContradiction(worker);
    throw error;
  }

  /** Cancels a session. Never rejects. */
  async cancel(worker: WorkerRecord, id: SessionId): Promise<CancelOutcome> {
    try {
      const response = await this.post(worker, workerRoutes.cancel.path, { session_id: id }, cancelTimeoutMs);
      return { ended: parseObject(response.body).pending !== true };
    } catch (error) {
      const code = isCodedError(error) ? error.code : undefined;
      return code === "WRONG_WORKER" ? { ended: true } : { ended: code === "SESSION_NOT_FOUND", error };
    }
  }

  /** Cancels every session of a worker. Resolves with whether it answered. */
  async cancelAll(worker: WorkerRecord): Promise<boolean> {
    try {
      const headers = { ...this.addressing(worker), "content-type": "application/octet-stream" };
      await this.of(worker).cancelAll(undefined, { timeoutMs: cancelAllTimeoutMs, headers });
      return true;
    } catch (error) {
      this.options.logger.warn(`Worker ${worker.address} did not cancel its sessions: ${messageOf(error)}`);
      return false;
    }
  }

  /** What the worker says it runs: one question, in the dialect that it understands. */
  async status(worker: WorkerRecord, timeoutMs: number) {
    const headers = this.addressing(worker);
    const client = this.of(worker);
    if (worker.incarnation === undefined) {
      const { value } = await client.getSessions(undefined, { timeoutMs, headers });
      return { v02: true as const, sessions: value };
    }
    const { value } = await client.workerStatus(undefined, { timeoutMs, headers });
    return { v02: false as const, ...value };
  }

  async close(worker: WorkerRecord): Promise<void> {
    const client = this.#clients.get(worker);
    this.#clients.delete(worker);
    await client?.http.close();
  }

  #observe(worker: WorkerRecord, headers: RawResponse["headers"]): void {
    const news = headers[headerNames.sessions];
    if (typeof news !== "string") return;
    const [version, running] = news.split(";").map(Number);
    this.options.registry.observe(worker, version, running);
  }
}

/** Errors that tell of other sessions than those that are believed. */
const contradictions = new Set<string>(["SESSION_NOT_FOUND", "SESSION_EXISTS", "CONCURRENCY_LIMIT"]);

/** A worker of ours answers a cancel within five seconds, finished or not. */
const cancelTimeoutMs = 6_000;
const cancelAllTimeoutMs = 30_000;
