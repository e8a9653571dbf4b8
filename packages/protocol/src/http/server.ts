import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import express, { type ErrorRequestHandler, type Express } from "express";
import { CodedError, isCodedError, messageOf } from "../error.js";
import { features, headerNames } from "../features.js";
import type { Logger } from "../logger.js";
import { nothing, type RequestOf, type Route, type RouteTable } from "../routes.js";
import { discard, readBody } from "./body.js";
import { BrowserGuard } from "./browser-guard.js";
import { type Peer, readPeer } from "./peer.js";
import { type FlatHeaders, writeError, writeReply } from "./reply.js";
import { tokenCheck } from "./token.js";
import { parseJsonBody, validate } from "./validation.js";

export { readJsonLines } from "./body.js";
export { ownHostNames } from "./host-names.js";
export { closeServer, type ListenOptions, listen } from "./listen.js";
export type { Peer } from "./peer.js";
export { RawReply } from "./reply.js";
export { missingParameter } from "./validation.js";

/** What a handler may need in addition to the request's body. */
export interface RequestContext {
  peer: Peer;
  request: IncomingMessage;
  response: ServerResponse;
}

/** Resolves with the reply's value, or with a `RawReply`; rejects with a `CodedError`. */
export type Handler<R extends Route> = (request: RequestOf<R>, context: RequestContext) => unknown | Promise<unknown>;

export type Handlers<T extends RouteTable> = { [K in keyof T]: Handler<T[K]> };

export interface FrontOptions {
  /** Required of every request but `/health`, unless undefined. */
  token?: string | undefined;
  /** Host names under which this server is reached, in addition to loopback names and IP addresses. Default: none. */
  hostNames?: readonly string[] | undefined;
  /** Random id of this process. */
  instance: string;
  logger: Logger;
  /** Maximum size of a body, in bytes. Default 64 MiB. */
  maxBodyBytes?: number;
  /** Checks a request before the handler runs; throws to reject it. */
  guard?: (request: IncomingMessage) => void;
  /** Returns the headers of a reply; called when the reply is written. */
  replyHeaders?: () => FlatHeaders;
  /** Handlers that read the body themselves, by path: called first; `undefined` means that they do not handle the request. */
  streams?: Record<string, (context: RequestContext) => Promise<unknown> | undefined>;
}

/**
 * The request handler of our servers: checks web pages, token and limits, adds our headers, then serves frequently used
 * routes directly, and all other routes with Express. Does not listen.
 */
export function createFront<T extends RouteTable>(
  routes: T,
  handlers: Handlers<T>,
  options: FrontOptions,
): RequestListener {
  const front = new Front(options);
  const hot = new Map<string, RequestListener>();
  for (const [name, route] of Object.entries(routes)) {
    const handler = handlers[name] as Handler<Route>;
    if (route.hot) hot.set(`${route.method} ${route.path}`, (...args) => front.serve(route, handler, ...args));
  }
  const app = createApp(routes, handlers, front);
  return (request, response) => {
    const refusal = front.refusal(request);
    if (refusal !== undefined) return front.refuse(request, response, refusal);
    const serveHot = hot.get(`${request.method} ${request.url}`);
    if (serveHot) serveHot(request, response);
    else app(request, response);
  };
}

/** The Express application of a route table: every route, 405 for a wrong method, 404 for the rest. */
function createApp<T extends RouteTable>(routes: T, handlers: Handlers<T>, front: Front): Express {
  const app = express();
  app.disable("x-powered-by");
  app.disable("etag");
  for (const [name, route] of Object.entries(routes)) {
    const handler = handlers[name] as Handler<Route>;
    // Not app.get(): it would also answer HEAD, which v0.2 does not.
    app.all(route.path, (request, response) => {
      if (request.method === route.method) return front.serve(route, handler, request, response);
      const error = new CodedError("METHOD_NOT_ALLOWED", "Method Not Allowed");
      return writeError(response, error, front.headers(), { allow: route.method });
    });
  }
  const notFound = () => new CodedError("NOT_FOUND", "Not Found");
  app.use((_request, response) => writeError(response, notFound(), front.headers()));
  // Express only fails on a path that cannot be decoded. It knows an error handler by its four parameters.
  const undecodable: ErrorRequestHandler = (_error, _request, response, _next) =>
    writeError(response, notFound(), front.headers());
  app.use(undecodable);
  return app;
}

/** Common handling of every route. */
class Front {
  readonly #own: FlatHeaders;
  readonly #isAuthorized: (header: string | undefined) => boolean;
  readonly #browsers: BrowserGuard;
  readonly #maxBodyBytes: number;

  constructor(private readonly options: FrontOptions) {
    this.#own = [headerNames.features, features.join(","), headerNames.instance, options.instance];
    this.#isAuthorized = options.token === undefined ? () => true : tokenCheck(options.token);
    this.#browsers = new BrowserGuard(options.hostNames ?? []);
    this.#maxBodyBytes = options.maxBodyBytes ?? 64 * 1024 * 1024;
  }

  /** Liveness probes have no token; their reply contains only the version and the instance. */
  refusal(request: IncomingMessage): CodedError | undefined {
    const isAuthorized = this.#isAuthorized(request.headers.authorization);
    const isTrusted = isAuthorized && this.options.token !== undefined;
    const refusal = this.#browsers.refusal(request, isTrusted);
    if (refusal !== undefined || isAuthorized || request.url === "/health") return refusal;
    const what = request.headers.authorization === undefined ? "A token is required" : "The token is wrong";
    const how = "send Authorization: Bearer <token> (the commands send EVAL_TOKEN or --token)";
    return new CodedError("UNAUTHORIZED", `${what}: ${how}`);
  }

  refuse(request: IncomingMessage, response: ServerResponse, error: CodedError): void {
    discard(request);
    const challenge = error.code === "UNAUTHORIZED" ? { "www-authenticate": 'Basic realm="eval", Bearer' } : {};
    writeError(response, error, this.#own, { ...challenge, connection: "close" });
  }

  headers(): FlatHeaders {
    const { replyHeaders } = this.options;
    return replyHeaders ? [...this.#own, ...replyHeaders()] : this.#own;
  }

  async serve(
    route: Route,
    handler: Handler<Route>,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    try {
      this.options.guard?.(request);
      const context = { peer: readPeer(request.headers), request, response };
      const streamed = this.options.streams?.[route.path]?.(context);
      const value = await (streamed ?? handler(await this.#read(route, request), context));
      writeReply(response, value, this.headers());
    } catch (error) {
      const stack = error instanceof Error ? error.stack : undefined;
      if (!isCodedError(error)) this.options.logger.error(`${route.path}: ${messageOf(error)}`, { stack });
      writeError(response, error, this.headers());
    }
    // Unread data of the body would otherwise precede the connection's next request.
    if (route.method === "POST" && !request.readableEnded) discard(request);
  }

  async #read(route: Route, request: IncomingMessage): Promise<unknown> {
    if (route.method === "POST") {
      const text = await readBody(request, this.#maxBodyBytes);
      return route.request === nothing ? undefined : validate(route.request, parseJsonBody(text), "body");
    }
    const query = new URL(request.url ?? "", "http://localhost").searchParams;
    return validate(route.request, Object.fromEntries(query), "query");
  }
}
