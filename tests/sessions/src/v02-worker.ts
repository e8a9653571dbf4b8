import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";
import { post } from "./testbed.js";

type Route = (body: { session_id: number; index: unknown; agent_response: unknown }) => [status: number, body: unknown];

/** A worker as v0.2 has it: one question, then completed. Speaks none of our extensions. */
export class V02Worker {
  /** Session id -> index, as it reports them. */
  readonly sessions = new Map<number, unknown>();
  /** Every request: path and body. */
  readonly requests: { path: string; body: Record<string, unknown>; headers: IncomingMessage["headers"] }[] = [];
  readonly #held = new Map<string, Promise<void>>();
  readonly #server = createServer(async (request, response) => {
    let text = "";
    for await (const chunk of request) text += chunk;
    const body = text === "" ? {} : JSON.parse(text);
    const path = request.url ?? "";
    this.requests.push({ path, body, headers: request.headers });
    await this.#held.get(path);
    const [status, reply] = this.routes[path]?.(body) ?? [404, { detail: "Not Found" }];
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(reply));
  });

  readonly routes: Record<string, Route> = {
    "/api/get_sessions": () => [200, Object.fromEntries(this.sessions)],
    "/api/start_sample": ({ session_id, index }) => {
      if (this.sessions.has(session_id)) return [400, { detail: "Session ID already exists" }];
      this.sessions.set(session_id, index);
      const history = [{ role: "user", content: "question" }];
      return [200, { session_id, output: { index: null, status: "running", result: null, history } }];
    },
    "/api/interact": ({ session_id, agent_response }) => {
      const index = this.sessions.get(session_id);
      if (!this.sessions.delete(session_id)) return [400, { detail: "No such session" }];
      return [200, { session_id, output: { index, status: "completed", result: agent_response, history: [] } }];
    },
    "/api/cancel": ({ session_id }) => {
      const known = this.sessions.delete(session_id);
      return known ? [200, { session_id }] : [400, { detail: "No such session" }];
    },
    "/api/cancel_all": () => {
      this.sessions.clear();
      return [200, null];
    },
    "/api/calculate_overall": (body) => [200, body],
  };

  static async start(): Promise<V02Worker> {
    const worker = new V02Worker();
    worker.#server.listen(0, "127.0.0.1");
    await once(worker.#server, "listening");
    onTestFinished(() => {
      worker.#server.close();
      worker.#server.closeAllConnections();
    });
    return worker;
  }

  get address(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/api`;
  }

  /** Keeps requests of a path waiting until the returned function is called. */
  hold(path: string): () => void {
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    this.#held.set(path, held);
    return release;
  }

  register(controller: string, changes: Record<string, unknown> = {}) {
    const heartbeat = { name: "echo", address: this.address, concurrency: 2, indices: [0, 1, 2], ...changes };
    return post(controller, "receive_heartbeat", heartbeat);
  }
}
