import { headerNames, workerRoutes } from "@eval/protocol";
import { type CallOptions, createClient, type RawResponse, type RouteClient } from "@eval/protocol/http-client";
import type { WorkerRecord, WorkerRegistry } from "./worker-registry.js";

export interface WorkerClientsOptions {
  registry: WorkerRegistry;
  instance: string;
  token?: string | undefined;
  /** How long a turn of a v0.2 worker may take, in milliseconds. */
  turnTimeoutMs: number;
}

/** Calls to workers: addressed to the incarnation that is meant, and every reply's news of sessions taken over. */
export class WorkerClients {
  readonly #clients = new WeakMap<WorkerRecord, RouteClient<typeof workerRoutes>>();

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
    const task = { [headerNames.task]: encodeURIComponent(worker.task) };
    return worker.incarnation === undefined ? task : { ...task, [headerNames.incarnation]: worker.incarnation };
  }

  /** Sends a JSON body and returns the reply unread. */
  async post(worker: WorkerRecord, path: string, body: unknown, options: CallOptions = {}): Promise<RawResponse> {
    const response = await this.of(worker).http.send("POST", path, JSON.stringify(body), {
      timeoutMs: this.options.turnTimeoutMs,
      ...options,
      headers: { ...this.addressing(worker), ...options.headers },
    });
    this.#observe(worker, response.headers);
    return response;
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
