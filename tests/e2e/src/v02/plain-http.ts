import { once } from "node:events";
import { createServer, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";

// v0.2's peers are written with Node's built-ins alone: a mistake in one of our schemas cannot hide on both sides.

export interface PlainReply {
  status: number;
  body: unknown;
}

/** One request on a connection of its own, as v0.2 sends it. Rejects when no answer comes within `timeoutMs`. */
export function call(method: "GET" | "POST", url: string, body?: unknown, timeoutMs = 240_000): Promise<PlainReply> {
  return new Promise((resolve, reject) => {
    const sent = body === undefined ? undefined : JSON.stringify(body);
    const headers = sent === undefined ? {} : { "content-type": "application/json" };
    const signal = AbortSignal.timeout(timeoutMs);
    const outgoing = request(url, { method, headers, agent: false, signal }, (incoming) => {
      let text = "";
      incoming.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
      });
      incoming.on("error", reject);
      incoming.on("end", () =>
        resolve({ status: incoming.statusCode ?? 0, body: text === "" ? null : JSON.parse(text) }),
      );
    });
    outgoing.on("error", reject).end(sent);
  });
}

/** What a route does with a request's JSON body (null: none) and query. Never resolving hangs the caller. */
export type Route = (body: Record<string, unknown>, query: URLSearchParams) => PlainReply | Promise<PlainReply>;

export const reply = (status: number, body: unknown): PlainReply => ({ status, body });

export const refusal = (status: number, detail: unknown): PlainReply => ({ status, body: { detail } });

/** A server on a loopback port of its own that answers `METHOD /api/route`. */
export class PlainServer {
  readonly #server: Server;

  private constructor(routes: Readonly<Record<string, Route>>) {
    this.#server = createServer(async (incoming, outgoing) => {
      let text = "";
      for await (const chunk of incoming.setEncoding("utf8")) text += chunk;
      const { pathname, searchParams } = new URL(incoming.url ?? "/", "http://localhost");
      const route = routes[`${incoming.method} ${pathname.replace(/^\/api/, "")}`];
      const { status, body } = await (route?.(text === "" ? {} : JSON.parse(text), searchParams) ??
        refusal(404, "Not Found"));
      outgoing.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    });
  }

  static async start(routes: Readonly<Record<string, Route>>): Promise<PlainServer> {
    const started = new PlainServer(routes);
    started.#server.listen(0, "127.0.0.1");
    await once(started.#server, "listening");
    return started;
  }

  get address(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/api`;
  }

  /** Ends it as a crash does: whoever waits for an answer loses the connection. */
  stop(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}
