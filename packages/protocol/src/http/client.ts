import { Pool } from "undici";
import { CodedError } from "../error.js";
import { features, headerNames } from "../features.js";
import type { RequestInput, ResponseOf, Route, RouteTable } from "../routes.js";
import { exchange, type RawResponse, TransportError } from "./exchange.js";
import { type Peer, readPeer } from "./peer.js";
import { readReplyError } from "./reply-error.js";
import { bearer } from "./token.js";

export { type RawResponse, TransportError } from "./exchange.js";
export type { Peer } from "./peer.js";
export { ReplyError } from "./reply-error.js";
export { bearer } from "./token.js";

export interface ClientOptions {
  /** Such as `http://localhost:5000/api`; the trailing `/api` may be left out. May carry `user:password@`. */
  address: string;
  token?: string | undefined;
  /** Random id of this process. */
  instance: string;
  /** Connections at the most. Default: no bound. */
  connections?: number;
}

export interface CallOptions {
  /** Until the reply is complete, in milliseconds. Default 30,000. */
  timeoutMs?: number;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

export interface Reply<Value> {
  value: Value;
  peer: Peer;
  headers: RawResponse["headers"];
}

/** HTTP to one peer, over a pool of keep-alive connections. */
export class HttpClient {
  readonly address: string;
  readonly #pool: Pool;
  readonly #prefix: string;
  readonly #headers: string[];

  constructor(options: ClientOptions) {
    const url = parseAddress(options.address);
    this.#prefix = url.pathname.replace(/\/+$/, "").replace(/\/api$/, "");
    this.address = `${url.origin}${this.#prefix}/api`;
    this.#pool = new Pool(url.origin, {
      connections: options.connections ?? null,
      connect: { timeout: 10_000 },
      // Servers of ours announce a longer time; v0.2's close after 5 s without announcing it.
      keepAliveTimeout: 4_000,
    });
    const own = { [headerNames.features]: features.join(","), [headerNames.instance]: options.instance };
    this.#headers = Object.entries({ ...own, ...authorization(url, options.token) }).flat();
  }

  /**
   * Sends and returns whatever status comes back. Rejects with a {@link TransportError}: UNREACHABLE or TIMEOUT; with
   * the signal's reason when that aborts.
   */
  send(
    method: Route["method"],
    path: string,
    body: string | AsyncIterable<string | Uint8Array> | undefined,
    { timeoutMs = 30_000, headers, signal }: CallOptions = {},
  ): Promise<RawResponse> {
    const all = [...this.#headers];
    if (body !== undefined && headers?.["content-type"] === undefined) all.push("content-type", "application/json");
    for (const name in headers) all.push(name, headers[name] as string);
    const request = { method, path: this.#prefix + path, headers: all, body };
    return exchange(this.#pool, request, { timeoutMs, signal, address: this.address });
  }

  /** Calls a route and checks the reply. Rejects with a {@link ReplyError} for a status of 400 and above. */
  async call<R extends Route>(
    route: R,
    request: RequestInput<R>,
    options?: CallOptions,
  ): Promise<Reply<ResponseOf<R>>> {
    const isGet = route.method === "GET";
    const body = isGet || request === undefined ? undefined : JSON.stringify(request);
    const path = isGet ? route.path + queryOf(request) : route.path;
    const response = await this.send(route.method, path, body, options);
    const value = this.readReply(response, path);
    const parsed = route.response.safeParse(value);
    if (!parsed.success)
      throw new CodedError("BAD_REPLY", `${this.address} sent an unexpected reply to ${route.path}: ${hint}`);
    return { value: parsed.data as ResponseOf<R>, peer: readPeer(response.headers), headers: response.headers };
  }

  /** Closes all connections; what is under way fails with UNREACHABLE. */
  close(): Promise<void> {
    return this.#pool.destroy();
  }

  /** The JSON of a reply that {@link send} gave. Throws a {@link ReplyError} for a status of 400 and above. */
  readReply(response: RawResponse, path: string): unknown {
    const value = parseOrUndefined(response.body);
    if (response.status >= 400) throw readReplyError(response, value, `${this.address} (${path})`);
    if (value === undefined)
      throw new CodedError("BAD_REPLY", `${this.address} did not answer ${path} with JSON: ${hint}`);
    return value;
  }
}

const hint = "does another program listen there?";

/** A client with one method a route of the table. */
export type RouteClient<T extends RouteTable> = {
  [K in keyof T]: (request: RequestInput<T[K]>, options?: CallOptions) => Promise<Reply<ResponseOf<T[K]>>>;
} & { http: HttpClient };

export function createClient<T extends RouteTable>(routes: T, options: ClientOptions): RouteClient<T> {
  const http = new HttpClient(options);
  const methods = Object.entries(routes).map(([name, route]) => [
    name,
    (request: unknown, call?: CallOptions) => http.call(route, request, call),
  ]);
  return { ...Object.fromEntries(methods), http };
}

/** Whether an error, or what caused it, means that the request never reached a server: it was not executed. */
export function neverSent(error: unknown): boolean {
  for (let one = error; one instanceof Error; one = one.cause) {
    if (one instanceof TransportError) return one.neverSent;
  }
  return false;
}

function parseAddress(address: string): URL {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url?.protocol === "http:" || url?.protocol === "https:") return url;
  throw new CodedError("USAGE", `"${address}" is not an HTTP address: use a form like http://localhost:5000/api`);
}

function authorization(url: URL, token: string | undefined): Record<string, string> {
  if (token !== undefined) return { authorization: bearer(token) };
  if (!url.username && !url.password) return {};
  const credentials = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  return { authorization: `Basic ${Buffer.from(credentials).toString("base64")}` };
}

function queryOf(request: unknown): string {
  const entries = Object.entries(request ?? {}).filter(([, value]) => value !== undefined);
  return entries.length === 0 ? "" : `?${new URLSearchParams(entries as [string, string][])}`;
}

function parseOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
