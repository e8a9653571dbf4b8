import { once } from "node:events";
import { createServer as createHttpServer, type RequestListener } from "node:http";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { controllerRoutes } from "../routes.js";
import { type ClientOptions, createClient, neverSent } from "./client.js";

async function listen(server: ReturnType<typeof createServer>): Promise<string> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => sockets.add(socket));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/api`;
}

function connect(address: string, options: Partial<ClientOptions> = {}) {
  const client = createClient(controllerRoutes, { address, instance: "client", ...options });
  onTestFinished(() => client.http.close());
  return client;
}

const answering = (listener: RequestListener) => listen(createHttpServer(listener));
const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => expect.unreachable(),
    (error) => error,
  );

/** The least time that any of some calls takes: a busy machine delays some of them, and hardly all. */
async function leastMs(call: () => Promise<unknown>, { attempts, enoughMs }: { attempts: number; enoughMs: number }) {
  let least = Number.POSITIVE_INFINITY;
  for (let left = attempts; left > 0 && least >= enoughMs; left--) {
    const before = performance.now();
    await call();
    least = Math.min(least, performance.now() - before);
  }
  return least;
}

test("a short timeout is kept, in whichever part of the reply the server falls silent", async () => {
  const silences: ((socket: Socket) => void)[] = [
    () => {},
    (socket) => socket.write("HTTP/1.1 200 OK\r\ncontent-le"),
    (socket) => socket.write("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n{"),
  ];
  for (const silence of silences) {
    const client = connect(await listen(createServer((socket) => socket.once("data", () => silence(socket)))));
    const ask = () => failure(client.listSessions(undefined, { timeoutMs: 100 }));
    expect(await leastMs(ask, { attempts: 8, enoughMs: 400 })).toBeLessThan(400);
    const error = await ask();
    expect(error).toMatchObject({ code: "TIMEOUT", message: expect.stringContaining("did not answer within 0.1 s") });
    expect(neverSent(error)).toBe(false);
  }
});

test("the timeout counts the whole reply, not the silence between its parts", async () => {
  const address = await answering((_request, response) => {
    const timer = setInterval(() => response.write(" "), 20);
    response.on("close", () => clearInterval(timer));
  });
  await expect(connect(address).listSessions(undefined, { timeoutMs: 150 })).rejects.toMatchObject({ code: "TIMEOUT" });
});

test("a request that gets no connection is never sent, not even later", async () => {
  let served = 0;
  let release = () => {};
  const address = await answering((_request, response) => {
    served += 1;
    if (served > 1) response.end("{}");
    else release = () => response.end("{}");
  });
  const client = connect(address, { connections: 1 });
  const first = client.listSessions(undefined);
  const error = await failure(client.listSessions(undefined, { timeoutMs: 50 }));
  expect([error.code, neverSent(error)]).toEqual(["UNREACHABLE", true]);
  release();
  await first;
  await client.listSessions(undefined);
  expect(served).toBe(2);
});

test("after a refused connection the request was never sent; after a broken connection it may have been", async () => {
  const address = await answering((request) => request.socket.destroy());
  const broken = await failure(connect(address).listSessions(undefined));
  expect([broken.code, neverSent(broken), neverSent(new Error("wrapped", { cause: broken }))]).toEqual([
    "UNREACHABLE",
    false,
    false,
  ]);
  const refused = await failure(connect("http://127.0.0.1:9/api").listSessions(undefined));
  expect([refused.code, neverSent(refused), neverSent(new Error("w", { cause: refused }))]).toEqual([
    "UNREACHABLE",
    true,
    true,
  ]);
});

test("an aborted call rejects with the signal's reason", async () => {
  const address = await answering(() => {});
  const stopping = new AbortController();
  const reason = new Error("stopped");
  const call = connect(address).listSessions(undefined, { signal: stopping.signal });
  stopping.abort(reason);
  await expect(call).rejects.toBe(reason);
  await expect(connect(address).listSessions(undefined, { signal: stopping.signal })).rejects.toBe(reason);
});

test.each([
  [400, { detail: "Error: Task does not exist" }, "TASK_NOT_FOUND"],
  [406, { detail: "Error: No workers available" }, "NO_WORKERS_AVAILABLE"],
  [400, { detail: 'Error: Worker returned error\n{"detail":"No such session"}' }, "SESSION_NOT_FOUND"],
  [501, { detail: 'Error: Worker returned error\n{"detail":{"session_id":1}}' }, "TASK_ERROR"],
  [406, { detail: "Error: Worker returned error\n..." }, "CONCURRENCY_LIMIT"],
  [409, { detail: "x", code: "TURN_CONFLICT" }, "TURN_CONFLICT"],
  [400, { detail: "x", code: "no such code" }, "WORKER_ERROR"],
  [500, "Internal Server Error", "WORKER_ERROR"],
])("%i %j is %s", async (status, body, code) => {
  const address = await answering((_request, response) => {
    response.writeHead(status).end(typeof body === "string" ? body : JSON.stringify(body));
  });
  await expect(connect(address).listSessions(undefined)).rejects.toMatchObject({ code, reply: { status } });
});

test("a reply that is not of the route's shape is BAD_REPLY", async () => {
  const address = await answering((_request, response) => response.end('{"1":{"name":5}}'));
  await expect(connect(address).listSessions(undefined)).rejects.toMatchObject({ code: "BAD_REPLY" });
});

test("an address may leave /api out, end with a slash, have a prefix, and carry credentials", async () => {
  const seen: unknown[] = [];
  const address = await answering(({ url, headers }, response) => {
    seen.push([url, headers.authorization]);
    response.end("{}");
  });
  const origin = address.slice(0, -"/api".length);
  for (const one of [origin, `${address}/`, `${origin}/prefix/api`, origin.replace("//", "//me:p%20w@")]) {
    await connect(one).listSessions(undefined);
  }
  expect(seen).toEqual([
    ["/api/list_sessions", undefined],
    ["/api/list_sessions", undefined],
    ["/prefix/api/list_sessions", undefined],
    ["/api/list_sessions", `Basic ${Buffer.from("me:p w").toString("base64")}`],
  ]);
  expect(() => connect("localhost:5000")).toThrow(/is not an HTTP address/);
});
