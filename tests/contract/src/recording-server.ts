import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A request as it came over the socket. */
export interface Recorded {
  method: string;
  /** With the query, such as `/api/start_sample`. */
  url: string;
  headers: IncomingHttpHeaders;
  bytes: Buffer;
  /** Milliseconds since the epoch. */
  at: number;
}

/** A status and a JSON value; or what a broken server does: `cut` closes the connection, `hang` never answers. */
export type Answer = { status: number; json: unknown } | { status: number; text: string } | "cut" | "hang";

export type Script = (json: never, recorded: Recorded) => Answer | Promise<Answer>;

/** A server that records all that it is sent and answers by its script, as v0.2's would: no headers but the usual. */
export class RecordingServer {
  readonly recorded: Recorded[] = [];
  readonly #server = createServer((request, response) => void this.#serve(request, response));

  /** @param script what to answer, by `METHOD /path`; the tests may change it at any time */
  constructor(readonly script: Record<string, Script>) {}

  async listen(): Promise<void> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
  }

  get address(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/api`;
  }

  /** The requests of a route, such as `start_sample`. */
  of(route: string): Recorded[] {
    return this.recorded.filter(({ url }) => new URL(url, this.address).pathname === `/api/${route}`);
  }

  /** The JSON bodies that a route was sent. */
  bodies(route: string): unknown[] {
    return this.of(route).map(({ bytes }) => JSON.parse(bytes.toString()));
  }

  async close(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    if (this.#server.listening) await once(this.#server, "close");
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { method = "", url = "", headers } = request;
    const recorded = { method, url, headers, bytes: Buffer.concat(chunks), at: Date.now() };
    this.recorded.push(recorded);
    const script = this.script[`${method} ${new URL(url, this.address).pathname}`];
    const json = recorded.bytes.length === 0 ? undefined : JSON.parse(recorded.bytes.toString());
    const answer = (await script?.(json as never, recorded)) ?? { status: 404, json: { detail: "Not Found" } };
    if (answer === "cut") response.destroy();
    else if (answer !== "hang") write(response, answer);
  }
}

function write(response: ServerResponse, answer: Exclude<Answer, string>): void {
  const isJson = "json" in answer;
  const body = isJson ? JSON.stringify(answer.json) : answer.text;
  const type = isJson ? "application/json" : "text/plain; charset=utf-8";
  response.writeHead(answer.status, { "content-length": Buffer.byteLength(body), "content-type": type }).end(body);
}
