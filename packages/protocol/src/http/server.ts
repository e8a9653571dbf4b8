import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import express, { type Express } from "express";
import { CodedError, isCodedError, messageOf } from "../error.js";
import { features, headerNames } from "../features.js";
import type { Logger } from "../logger.js";
import type { RequestOf, Route, RouteTable } from "../routes.js";
import { readBody } from "./body.js";
import { type Peer, readPeer } from "./peer.js";
import { isAuthorized } from "./token.js";
import { parseJsonBody, validate } from "./validation.js";

export { readJsonLines } from "./body.js";
export { closeServer, type ListenOptions, listen } from "./listen.js";
export type { Peer } from "./peer.js";

/** What a handler may need beside the request's body. */
export interface RequestContext {
  peer: Peer;
  request: IncomingMessage;
  response: ServerResponse;
}

/** A reply whose body is already JSON text: a router passes it through without reading it. */
export class RawReply {
  constructor(
    readonly status: number,
    readonly body: string | Buffer,
    readonly headers: Record<string, string> = {},
  ) {}
}

export type Handler<R extends Route> = (
  request: RequestOf<R>,
  context: RequestContext,
) => unknown | RawReply | Promise<unknown | RawReply>;

export type Handlers<T extends RouteTable> = { [K in keyof T]: Handler<T[K]> };

export interface FrontOptions {
  /** Required of every request but `/health`, unless undefined. */
  token?: string | undefined;
  /** Random id of this process. */
  instance: string;
  logger: Logger;
  /** Bound of a body, in bytes. Default 64 MiB. */
  maxBodyBytes?: number;
  /** Looked at before a handler runs; throws to refuse. */
  guard?: (request: IncomingMessage) => void;
  /** Headers of every reply, asked for when the reply is written. */
  replyHeaders?: () => Record<string, string>;
  /** Handlers that read the body themselves, by path: asked first, and answer `false` to leave the request alone. */
  streams?: Record<string, (context: RequestContext) => Promise<boolean>>;
}

/**
 * The one front of our servers: token, limits and our headers, then the hot routes straight from the table, and
 * Express for everything else. Does not listen.
 */
export function createFront<T extends RouteTable>(
  routes: T,
  handlers: Handlers<T>,
  options: FrontOptions,
): RequestListener {
  const hot = new Map<string, (request: IncomingMessage, response: ServerResponse) => void>();
  for (const [name, route] of Object.entries(routes)) {
    const handler = handlers[name] as Handler<Route>;
    if (route.hot) hot.set(`${route.method} ${route.path}`, (...args) => serve(route, handler, options, ...args));
  }
  const app = createApp(routes, handlers, options);
  const ownHeaders: [string, string][] = [
    [headerNames.features, features.join(",")],
    [headerNames.instance, options.instance],
  ];
  return (request, response) => {
    for (const [name, value] of ownHeaders) response.setHeader(name, value);
    const path = request.url ?? "";
    if (options.token !== undefined && !isOpen(path) && !isAuthorized(request.headers.authorization, options.token)) {
      request.resume();
      response.setHeader("www-authenticate", 'Basic realm="eval", Bearer');
      return replyError(response, new CodedError("UNAUTHORIZED", "A token is required: Authorization: Bearer <token>"));
    }
    const serveHot = hot.get(`${request.method} ${path}`);
    if (serveHot) serveHot(request, response);
    else app(request, response);
  };
}

/** Liveness probes carry no token; the reply tells nothing but the version and the instance. */
function isOpen(path: string): boolean {
  return path === "/health";
}

/** The Express application of a route table: every route, 405 for a wrong method, 404 for the rest. */
function createApp<T extends RouteTable>(routes: T, handlers: Handlers<T>, options: FrontOptions): Express {
  const app = express();
  app.disable("x-powered-by");
  app.disable("etag");
  for (const [name, route] of Object.entries(routes)) {
    const handler = handlers[name] as Handler<Route>;
    const method = route.method === "GET" ? "get" : "post";
    app[method](route.path, (request, response) => serve(route, handler, options, request, response));
    app.all(route.path, (_request, response) => {
      response.setHeader("allow", route.method);
      replyError(response, new CodedError("METHOD_NOT_ALLOWED", "Method Not Allowed"));
    });
  }
  app.use((_request, response) => replyError(response, new CodedError("NOT_FOUND", "Not Found")));
  return app;
}

async function serve(
  route: Route,
  handler: Handler<Route>,
  options: FrontOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    options.guard?.(request);
    const context = { peer: readPeer(request.headers), request, response };
    const stream = options.streams?.[route.path];
    if (stream && (await stream(context))) return;
    const parsed = await readRequest(route, request, options.maxBodyBytes ?? 64 * 1024 * 1024);
    reply(response, await handler(parsed, context), options);
  } catch (error) {
    if (!isCodedError(error)) options.logger.error(`${route.path}: ${messageOf(error)}`, { stack: stackOf(error) });
    replyError(response, error, options);
  }
}

async function readRequest(route: Route, request: IncomingMessage, maxBytes: number): Promise<unknown> {
  if (route.method === "GET") {
    const query = new URL(request.url ?? "", "http://localhost").searchParams;
    return validate(route.request, Object.fromEntries(query), "query");
  }
  const text = await readBody(request, maxBytes);
  return ignoresBody(route) ? undefined : validate(route.request, parseJsonBody(text), "body");
}

/** A route that asks for nothing takes any body, JSON or not, as v0.2 does. */
function ignoresBody(route: Route): boolean {
  return route.request.def.type === "unknown";
}

export function reply(response: ServerResponse, value: unknown, options?: Pick<FrontOptions, "replyHeaders">): void {
  if (value instanceof RawReply) return write(response, value.status, value.body, value.headers, options);
  write(response, 200, JSON.stringify(value ?? null), undefined, options);
}

/** Answers with an error in the wire's form: `{"detail": ..., "code": ...}`. */
export function replyError(
  response: ServerResponse,
  error: unknown,
  options?: Pick<FrontOptions, "replyHeaders">,
): void {
  const coded = isCodedError(error) ? error : new CodedError("INTERNAL", "Internal Server Error");
  const headers: Record<string, string> = coded.retryAfterS ? { "retry-after": String(coded.retryAfterS) } : {};
  write(response, coded.status, JSON.stringify({ detail: coded.detail, code: coded.code }), headers, options);
}

function write(
  response: ServerResponse,
  status: number,
  body: string | Buffer,
  headers: Record<string, string> | undefined,
  options: Pick<FrontOptions, "replyHeaders"> | undefined,
): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(status, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(body),
    ...options?.replyHeaders?.(),
    ...headers,
  });
  response.end(body);
}

function stackOf(error: unknown): string | undefined {
  return error instanceof Error ? error.stack : undefined;
}
