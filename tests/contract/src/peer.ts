import { Agent, type IncomingHttpHeaders, request } from "node:http";

/** A reply as it came over the socket. */
export interface Reply {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
  /** The text as JSON; undefined if it is none. */
  json: unknown;
}

export interface RawRequest {
  /** Sent as they are. None: no body, and no content-type unless `headers` says one. */
  bytes?: string | Buffer;
  headers?: Record<string, string>;
}

/** A new connection a request, as v0.2's clients do it. */
const agent = new Agent({ keepAlive: false });

/**
 * A client made of nothing but node's own HTTP: what it sends and expects is written out in the tests, so that a
 * mistake in a schema of the packages cannot hide on both sides.
 */
export class Peer {
  /** @param address such as `http://localhost:5000/api` */
  constructor(
    readonly address: string,
    private readonly headers: Record<string, string> = {},
  ) {}

  get(route: string): Promise<Reply> {
    return this.send("GET", route);
  }

  /** Posts a value as JSON, with its content-type. */
  post(route: string, value: unknown): Promise<Reply> {
    const headers = { "content-type": "application/json" };
    return this.send("POST", route, { bytes: JSON.stringify(value), headers });
  }

  send(method: string, route: string, { bytes, headers = {} }: RawRequest = {}): Promise<Reply> {
    const length = { "content-length": String(Buffer.byteLength(bytes ?? "")) };
    const all = { ...this.headers, ...headers, ...(method === "POST" && length) };
    return new Promise((resolve, reject) => {
      const sent = request(`${this.address}/${route}`, { method, headers: all, agent }, async (response) => {
        const chunks: Buffer[] = [];
        try {
          for await (const chunk of response) chunks.push(chunk as Buffer);
        } catch (error) {
          return reject(error);
        }
        const text = new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(chunks));
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text, json: parse(text) });
      });
      sent.once("error", reject);
      sent.end(bytes);
    });
  }
}

/** The parts of a reply that most rows are about. */
export function statusAndJson({ status, json }: Reply): [status: number, json: unknown] {
  return [status, json];
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
