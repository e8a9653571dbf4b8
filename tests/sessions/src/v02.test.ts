import { Controller, createControllerServer } from "@eval/controller";
import { randomId } from "@eval/protocol";
import { closeServer, listen } from "@eval/protocol/http-server";
import { silentLogger } from "@eval/protocol/logger";
import { waitFor } from "@eval/protocol/testing";
import { describe, expect, onTestFinished, test } from "vitest";
import { CuttingProxy } from "./cutting-proxy.js";
import { connect, echoTask, get, onlyWorker, post, say, startController, startWorker } from "./testbed.js";
import { V02Worker } from "./v02-worker.js";

async function registered() {
  const { address, controller } = await startController();
  const worker = await V02Worker.start();
  expect(await worker.register(address)).toMatchObject({ status: 200, body: null });
  return { address, controller, worker, client: connect(address) };
}

test("a v0.2 worker serves our clients, and gets only fields that it knows", async () => {
  const { address, worker, client } = await registered();
  const start = { name: "echo", index: 1, request_id: randomId(), owner: "r/1", lease_s: 60 };
  const { session_id, features } = (await client.startSample(start)).value;
  expect(features).toEqual([]);
  const last = await client.interact({ session_id, agent_response: say("a"), turn: 1, wait_ms: 5_000 });
  expect(last.value.output).toMatchObject({ index: 1, status: "completed", result: say("a") });
  const sent = (path: string) => worker.requests.find((request) => request.path === path)?.body;
  expect(sent("/api/start_sample")).toEqual({ index: 1, session_id });
  expect(sent("/api/interact")).toEqual({ session_id, agent_response: say("a") });
  expect((await onlyWorker(client)).current).toBe(0);
  expect((await get(address, "list_sessions")).body).toEqual({});
});

test("a v0.2 client and a v0.2 worker: v0.2's replies, and its errors with the worker's body as text", async () => {
  const { address, worker } = await registered();
  const { session_id } = (await post(address, "start_sample", { name: "echo", index: 0 })).body as {
    session_id: number;
  };
  worker.routes["/api/interact"] = () => [501, { detail: { session_id, output: { status: "task error" } } }];
  const turn = await post(address, "interact", { session_id, agent_response: { content: "a" } });
  const detail = `Error: Worker returned error\n{"detail":{"session_id":${session_id},"output":{"status":"task error"}}}`;
  expect(turn).toMatchObject({ status: 501, body: { detail } });
});

test("a start or turn whose reply is lost is not sent again to a v0.2 worker: its session is canceled", async () => {
  const { address } = await startController();
  const worker = await V02Worker.start();
  const proxy = await CuttingProxy.start(Number(new URL(worker.address).port));
  await worker.register(address, { address: proxy.address });
  const client = connect(address);
  proxy.cut();
  const start = { name: "echo", index: 1, request_id: randomId() };
  await expect(client.startSample(start)).rejects.toMatchObject({ code: "WORKER_NOT_RESPONDING", status: 400 });
  await waitFor(() => worker.requests.some(({ path }) => path === "/api/cancel"));
  await waitFor(async () => (await onlyWorker(client)).current === 0);
  const { session_id } = (await client.startSample({ ...start, request_id: randomId() })).value;
  proxy.cut();
  const turn = client.interact({ session_id, agent_response: say("a"), turn: 1, wait_ms: 1_000 });
  await expect(turn).rejects.toMatchObject({ code: "WORKER_NOT_RESPONDING" });
  await waitFor(async () => (await onlyWorker(client)).current === 0);
  const count = (route: string) => worker.requests.filter(({ path }) => path === `/api/${route}`).length;
  expect([count("start_sample"), count("interact")]).toEqual([2, 1]);
});

test("an unknown session of a v0.2 worker is adopted immediately; a missing one is dropped after a second check", async () => {
  const { address, controller, worker, client } = await registered();
  worker.sessions.set(77, 2);
  await client.syncAll(undefined);
  expect(controller.table.get(77)).toMatchObject({ index: 2, state: "open" });
  worker.sessions.delete(77);
  const looks = () => worker.requests.filter(({ path }) => path === "/api/get_sessions").length;
  await client.syncAll(undefined);
  await client.syncAll(undefined);
  const before = looks();
  expect(controller.table.size).toBe(1);
  await waitFor(async () => {
    await client.syncAll(undefined);
    return controller.table.size === 0;
  });
  expect(looks()).toBeGreaterThan(before);
  expect((await get(address, "list_sessions")).body).toEqual({});
});

describe("a v0.2 worker that is restarted between two heartbeats", () => {
  /** A controller in which no time passes: it looks at its workers for a reason only. */
  const timeless = async () => {
    const controller = new Controller({ instance: randomId(), logger: silentLogger, recoveryWindowMs: 0 });
    const server = createControllerServer(controller, { version: "0.0.0" });
    const port = await listen(server, { port: 0, host: "127.0.0.1" });
    onTestFinished(() => closeServer(server).then(() => controller.stop()));
    const address = `http://127.0.0.1:${port}/api`;
    const worker = await V02Worker.start();
    await worker.register(address);
    return { worker, controller, client: connect(address) };
  };
  const openTwo = async ({ worker, client, controller }: Awaited<ReturnType<typeof timeless>>) => {
    const { session_id } = (await client.startSample({ name: "echo", index: 0 })).value;
    await client.startSample({ name: "echo", index: 1 });
    expect((await onlyWorker(client)).current).toBe(2);
    worker.sessions.clear();
    return { worker, client, controller, session_id };
  };
  const looks = (worker: V02Worker) => worker.requests.filter(({ path }) => path === "/api/get_sessions").length;

  test("is asked for its sessions, and the slots of its former sessions are free within seconds", async () => {
    const { client, controller } = await openTwo(await registered());
    await waitFor(() => controller.table.size === 0, { deadlineMs: 30_000 });
    expect((await onlyWorker(client)).current).toBe(0);
  });

  test("is asked immediately when it does not know the session of a turn", async () => {
    const { worker, client, session_id } = await openTwo(await timeless());
    const before = looks(worker);
    const turn = client.interact({ session_id, agent_response: say("a") });
    await expect(turn).rejects.toMatchObject({ code: "SESSION_NOT_FOUND" });
    await waitFor(() => looks(worker) > before);
  });

  test("is asked immediately when it rejects a start for which it should have capacity", async () => {
    const { worker, client } = await timeless();
    worker.routes["/api/start_sample"] = () => [406, { detail: "Sample concurrency limit reached" }];
    const before = looks(worker);
    await expect(client.startSample({ name: "echo", index: 0 })).rejects.toMatchObject({ status: 406 });
    await waitFor(() => looks(worker) > before);
  });
});

test("cancel_all of a v0.2 worker frees its capacity", async () => {
  const { worker, client } = await registered();
  await client.startSample({ name: "echo", index: 0 });
  expect((await onlyWorker(client)).current).toBe(1);
  await client.cancelAll(undefined);
  expect([(await onlyWorker(client)).current, worker.sessions.size]).toEqual([0, 0]);
});

const lines = [0, "a\nb", "ü"].map((index) =>
  JSON.stringify({ index, status: "completed", result: "  ", history: null }),
);

test.each([
  ["one chunk", [`${lines.join("\n")}\n`]],
  ["no newline at the end", [lines.join("\n")]],
  ["blank lines, also in front", [`\n\n${lines.join("\n\n")}\r\n\r\n`]],
  ["a chunk a byte", [...Buffer.from(`${lines.join("\n")}\n`)].map((byte) => Buffer.from([byte]))],
  ["nothing", []],
])(
  "calculate_overall as NDJSON (%s) reaches our worker as a stream, a v0.2 worker as its array",
  async (what, chunks) => {
    const send = async (address: string) => {
      const body = new ReadableStream({
        start(controller) {
          for (const chunk of chunks) controller.enqueue(Buffer.from(chunk));
          controller.close();
        },
      });
      const headers = { "content-type": "application/x-ndjson" };
      const url = `${address}/calculate_overall?name=echo`;
      const reply = await fetch(url, { method: "POST", body, headers, duplex: "half" } as RequestInit);
      return { status: reply.status, body: await reply.json() };
    };
    const results = what === "nothing" ? [] : lines.map((line) => JSON.parse(line));
    const ours = await startController();
    await startWorker(ours.address);
    const indices = results.map(({ index }) => index);
    expect(await send(ours.address)).toEqual({ status: 200, body: { count: indices.length, indices } });
    const old = await registered();
    expect(await send(old.address)).toEqual({ status: 200, body: { name: "echo", results } });
  },
);

test("an aggregation that throws, or that stops reading early, gets an answer; an invalid line is 422 without its text", async () => {
  const { address } = await startController();
  const task = echoTask();
  await startWorker(address, { task });
  const headers = { "content-type": "application/x-ndjson", "x-eval-instance": "x" };
  const send = (body: string) => post(address, "calculate_overall?name=echo", body, headers);
  const many = `${lines[0]}\n`.repeat(20_000);
  const bad = await send(`${lines[0]}\nsecret`);
  expect(bad).toMatchObject({ status: 422, body: { code: "VALIDATION" } });
  expect(JSON.stringify(bad.body)).not.toContain("secret");
  task.calculateOverall = async (results) => {
    for await (const { index } of results) return { first: index };
    return null;
  };
  expect(await send(many)).toMatchObject({ status: 200, body: { first: 0 } });
  task.calculateOverall = () => {
    throw new Error("division by zero");
  };
  const raised = await send(many);
  expect(raised).toMatchObject({ status: 500, body: { code: "TASK_ERROR" } });
  expect((raised.body as { detail: string }).detail).toContain("division by zero");
  expect(await post(address, "calculate_overall", "", headers)).toMatchObject({
    status: 422,
    body: { detail: [{ loc: ["query", "name"] }] },
  });
});
