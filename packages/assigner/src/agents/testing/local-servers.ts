import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { type AddressInfo, connect, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { selfSigned } from "./self-signed.js";

/** A server on 127.0.0.1 for the tests of this folder; not part of the package's API. */
export interface LocalServer {
  readonly port: number;
  readonly url: string;
  /** Every request so far, with its body. */
  readonly requests: RecordedRequest[];
  /** How many connections were opened so far. */
  readonly connections: () => number;
  close(): Promise<void>;
}

export interface RecordedRequest {
  method: string;
  url: string;
  headers: IncomingMessage["headers"];
  text: string;
  /** Whether the client disconnected before it got an answer. */
  abandoned: boolean;
}

/** The answer; undefined sends nothing and keeps the connection open. */
export interface LocalAnswer {
  status?: number;
  headers?: Record<string, string>;
  body?: unknown;
  /** Closes the connection after the first part of a longer answer. */
  breakOff?: boolean;
}

export type Handler = (request: RecordedRequest) => LocalAnswer | undefined | Promise<LocalAnswer | undefined>;

export function startServer(handler: Handler): Promise<LocalServer> {
  return start("http", (listener) => createServer(listener), handler);
}

/** With an untrusted certificate. */
export function startTlsServer(handler: Handler): Promise<LocalServer> {
  return start("https", (listener) => createTlsServer(selfSigned, listener), handler);
}

export interface LocalProxy extends LocalServer {
  /** First lines of its requests: `CONNECT host:port`, `POST http://host:port/path`. */
  readonly asked: { line: string; authorization: string | undefined }[];
}

/**
 * A proxy for absolute addresses and CONNECT; it answers every request with the status `refuse`. 0 means no answer
 * to CONNECT at all.
 */
export async function startProxy(refuse?: number): Promise<LocalProxy> {
  const asked: LocalProxy["asked"] = [];
  const note = (incoming: IncomingMessage) =>
    asked.push({ line: `${incoming.method} ${incoming.url}`, authorization: incoming.headers["proxy-authorization"] });
  const server = createServer((incoming, outgoing) => {
    note(incoming);
    if (refuse !== undefined) outgoing.writeHead(refuse).end("refused");
    else forward(incoming, outgoing);
  });
  server.on("connect", (incoming: IncomingMessage, client: Duplex) => {
    note(incoming);
    if (refuse === 0) return;
    if (refuse !== undefined) client.end(`HTTP/1.1 ${refuse} Refused\r\n\r\n`);
    else tunnel(String(incoming.url), client);
  });
  return { ...(await listening("http", server, [])), asked };
}

async function start(
  scheme: string,
  make: (listener: (incoming: IncomingMessage, outgoing: ServerResponse) => void) => Server,
  handler: Handler,
): Promise<LocalServer> {
  const requests: RecordedRequest[] = [];
  const server = make(async (incoming, outgoing) => {
    const { method = "", url = "", headers } = incoming;
    const recorded = { method, url, headers, text: "", abandoned: false };
    requests.push(recorded);
    outgoing.on("close", () => {
      recorded.abandoned = !outgoing.writableEnded;
    });
    for await (const chunk of incoming.setEncoding("utf8")) recorded.text += chunk;
    const answer = await handler(recorded);
    if (answer !== undefined) send(outgoing, answer);
  });
  return listening(scheme, server, requests);
}

function send(outgoing: ServerResponse, { status = 200, headers = {}, body = "", breakOff }: LocalAnswer): void {
  if (breakOff) {
    outgoing.writeHead(status, { "content-length": "1000" });
    outgoing.write(body, () => outgoing.destroy());
    return;
  }
  outgoing.writeHead(status, headers);
  outgoing.end(typeof body === "string" || Buffer.isBuffer(body) ? body : JSON.stringify(body));
}

async function listening(scheme: string, server: Server, requests: RecordedRequest[]): Promise<LocalServer> {
  const sockets = new Set<Socket>();
  let connections = 0;
  server.on("connection", (socket: Socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const close = () => {
    for (const socket of sockets) socket.destroy();
    return new Promise<void>((resolve) => server.close(() => resolve()));
  };
  return { port, url: `${scheme}://127.0.0.1:${port}`, requests, connections: () => connections, close };
}

function forward(incoming: IncomingMessage, outgoing: ServerResponse): void {
  const { "proxy-authorization": _own, ...headers } = incoming.headers;
  const onward = request(String(incoming.url), { method: incoming.method ?? "GET", headers }, (answer) => {
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(outgoing);
  });
  onward.on("error", () => outgoing.writeHead(502).end());
  incoming.pipe(onward);
}

function tunnel(authority: string, client: Duplex): void {
  const { hostname, port } = new URL(`http://${authority}`);
  const target = connect(Number(port), hostname, () => {
    client.write("HTTP/1.1 200 Connection Established\r\n\r\n");
    target.pipe(client).pipe(target);
  });
  target.on("error", () => client.destroy());
  client.on("error", () => target.destroy());
  client.on("close", () => target.destroy());
}
