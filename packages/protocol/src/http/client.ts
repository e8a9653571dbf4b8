import { Pool } from "undici";
import { CodedError, type ErrorCode, isErrorCode, messageOf } from "../error.js";
import { features, headerNames } from "../features.js";
import type { RequestInput, ResponseOf, Route, RouteTable } from "../routes.js";
import { type Peer, readPeer } from "./peer.js";
import { bearer } from "./token.js";

export type { Peer } from "./peer.js";
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

export interface RawResponse {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: string;
}

export interface Reply<Value> {
  value: Value;
  peer: Peer;
  headers: RawResponse["headers"];
}

/** An error reply of a peer. `code` is the peer's own if it sent one, else read out of v0.2's texts. */
export class ReplyError extends CodedError {
  constructor(
    code: ErrorCode,
    message: string,
    readonly reply: { status: number; detail: unknown },
    /** Milliseconds of a Retry-After, if one was sent. */
    readonly retryAfterMs: number | undefined,
  ) {
    super(code, message, { status: reply.status, detail: reply.detail });
  }
}

/** HTTP to one peer, over a pool of keep-alive connections. */
export class HttpClient {
  readonly address: string;
  readonly #pool: Pool;
  readonly #prefix: string;
  readonly #headers: Record<string, string>;

  constructor(options: ClientOptions) {
    const url = parseAddress(options.address);
    this.#prefix = url.pathname.replace(/\/+$/, "").replace(/\/api$/, "");
    this.address = `${url.origin}${this.#prefix}/api`;
    this.#pool = new Pool(url.origin, { connections: options.connections ?? null, keepAliveTimeout: 30_000 });
    this.#headers = {
      [headerNames.features]: features.join(","),
      [headerNames.instance]: options.instance,
      ...authorization(url, options.token),
    };
  }

  /** Sends and returns whatever status comes back. Rejects with UNREACHABLE or TIMEOUT. */
  async send(
    method: Route["method"],
    path: string,
    body: string | AsyncIterable<string | Uint8Array> | undefined,
    { timeoutMs = 30_000, headers, signal }: CallOptions = {},
  ): Promise<RawResponse> {
    const type = body === undefined ? undefined : { "content-type": "application/json" };
    try {
      const response = await this.#pool.request({
        method,
        path: this.#prefix + path,
        headers: { ...this.#headers, ...type, ...headers },
        body: (body ?? null) as string | null,
        headersTimeout: timeoutMs,
        bodyTimeout: timeoutMs,
        ...(signal && { signal }),
      });
      return { status: response.statusCode, headers: response.headers, body: await response.body.text() };
    } catch (error) {
      if (signal?.aborted) throw error;
      throw this.#transportError(error, timeoutMs);
    }
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
    const value = this.#readReply(response, path);
    const parsed = route.response.safeParse(value);
    if (!parsed.success) throw new CodedError("BAD_REPLY", `${this.address} sent an unexpected reply to ${route.path}`);
    return { value: parsed.data as ResponseOf<R>, peer: readPeer(response.headers), headers: response.headers };
  }

  close(): Promise<void> {
    return this.#pool.destroy();
  }

  #readReply(response: RawResponse, path: string): unknown {
    const value = parseOrUndefined(response.body);
    if (response.status >= 400) throw replyError(response, value, `${this.address} (${path})`);
    if (value === undefined) throw new CodedError("BAD_REPLY", `${this.address} did not answer ${path} with JSON`);
    return value;
  }

  #transportError(error: unknown, timeoutMs: number): CodedError {
    const name = (error as { code?: string }).code ?? "";
    if (name === "UND_ERR_HEADERS_TIMEOUT" || name === "UND_ERR_BODY_TIMEOUT") {
      return new CodedError("TIMEOUT", `${this.address} did not answer within ${timeoutMs / 1000} s`, { cause: error });
    }
    return new CodedError("UNREACHABLE", `${this.address} cannot be reached`, { cause: error });
  }
}

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

/** Whether an error means that the request never reached a server: it was not executed. */
export function neverSent(error: unknown): boolean {
  const text = messageOf(error);
  return /ECONNREFUSED|ENOTFOUND|EHOSTUNREACH|ENETUNREACH|UND_ERR_CONNECT_TIMEOUT|Connect Timeout/i.test(text);
}

function parseAddress(address: string): URL {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url?.protocol === "http:" || url?.protocol === "https:") return url;
  throw new CodedError("USAGE", `"${address}" is not an HTTP address: write it like http://localhost:5000/api`);
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

function replyError(response: RawResponse, value: unknown, where: string): ReplyError {
  const { detail, code } = (value ?? {}) as { detail?: unknown; code?: unknown };
  const text = typeof detail === "string" ? detail : JSON.stringify(detail ?? response.body.slice(0, 300));
  const seconds = Number(response.headers["retry-after"]);
  return new ReplyError(
    isErrorCode(code) ? code : codeOfText(text, response.status),
    `${where} answered ${response.status}: ${text}`,
    { status: response.status, detail },
    Number.isFinite(seconds) ? seconds * 1000 : undefined,
  );
}

/** v0.2's texts, which have no codes. */
const textCodes: [RegExp, ErrorCode][] = [
  [/^Error: Task does not exist/, "TASK_NOT_FOUND"],
  [/^Error: No workers available/, "NO_WORKERS_AVAILABLE"],
  [/^Error: Index out of bounds/, "INDEX_OUT_OF_BOUNDS"],
  [/^Error: Session does not exist|^No such session/, "SESSION_NOT_FOUND"],
  [/^Error: Worker not responding/, "WORKER_NOT_RESPONDING"],
  [/^Sample concurrency limit reached/, "CONCURRENCY_LIMIT"],
  [/^Session ID already exists/, "SESSION_EXISTS"],
  [/^Task Executing/, "SESSION_BUSY"],
  [/^Error: Worker returned error/, "WORKER_ERROR"],
];

function codeOfText(text: string, status: number): ErrorCode {
  const known = textCodes.find(([pattern]) => pattern.test(text))?.[1];
  if (known) return known;
  if (status === 401 || status === 403) return "UNAUTHORIZED";
  if (status === 422) return "VALIDATION";
  return status === 404 ? "NOT_FOUND" : "WORKER_ERROR";
}
