import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, request as send } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { onTestFinished } from "vitest";

export interface TappedHeartbeat {
  body: Record<string, unknown>;
  /** What came over the socket for it: request line, headers and body. */
  bytes: number;
  /** Milliseconds, monotonic. */
  at: number;
}

type Answer = (body: Record<string, unknown>) => [status: number, body: unknown, headers?: Record<string, string>];

/** Stands where a worker believes its controller to be: notes every heartbeat, passes it on or answers it itself. */
export class HeartbeatTap {
  readonly heartbeats: TappedHeartbeat[] = [];
  readonly #counted = new WeakMap<Socket, number>();
  readonly #server = createServer(async (request, response) => {
    let text = "";
    for await (const chunk of request) text += chunk;
    const { socket } = request;
    const bytes = socket.bytesRead - (this.#counted.get(socket) ?? 0);
    this.#counted.set(socket, socket.bytesRead);
    const body = JSON.parse(text);
    this.heartbeats.push({ body, bytes, at: performance.now() });
    if (typeof this.target === "string") {
      const passed = await passOn(`${this.target}/receive_heartbeat`, request.headers, text).catch(() => undefined);
      if (passed === undefined) socket.destroy();
      else response.writeHead(passed.status, passed.headers).end(passed.reply);
    } else {
      const [status, reply, headers] = this.target(body);
      response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(reply));
    }
  });

  private constructor(
    /** Address of a controller, or what a scripted one says (without our headers unless it gives them). */
    public target: string | Answer,
  ) {}

  static async start(target: string | Answer): Promise<HeartbeatTap> {
    const tap = new HeartbeatTap(target);
    tap.#server.listen(0, "127.0.0.1");
    await once(tap.#server, "listening");
    onTestFinished(() => {
      tap.#server.close();
      tap.#server.closeAllConnections();
    });
    return tap;
  }

  get address(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/api`;
  }

  /** What each heartbeat gave of the indices: `whole`, `digest`, or `both`. */
  get kinds(): string[] {
    return this.heartbeats.map(({ body }) => {
      if ("indices" in body && "indices_digest" in body) return "both";
      return "indices" in body ? "whole" : "digest";
    });
  }
}

function passOn(url: string, headers: IncomingHttpHeaders, body: string) {
  return new Promise<{ status: number; headers: IncomingHttpHeaders; reply: string }>((resolve, reject) => {
    const passed = send(url, { method: "POST", headers }, async (response) => {
      let reply = "";
      for await (const chunk of response) reply += chunk;
      resolve({ status: response.statusCode ?? 0, headers: response.headers, reply });
    });
    passed.on("error", reject);
    passed.end(body);
  });
}
