import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { headerNames, type TaskOutput } from "@eval/protocol";
import { waitFor } from "@eval/protocol/testing";
import { afterEach, describe, expect, it } from "vitest";
import { isNotAvailable, readCapacity } from "./controller-replies.js";
import { runSample } from "./run-sample.js";
import { TaskClient } from "./task-client.js";

type Reply = { status?: number; body?: unknown; features?: string; destroy?: boolean; after?: Promise<unknown> };
type Seen = { path: string; body: Record<string, unknown> | string };

const signal = new AbortController().signal;
const options = { owner: "run/1", leaseS: 60, signal };
let server: Server | undefined;

afterEach(() => new Promise((resolve) => (server ? server.close(resolve) : resolve(undefined))));

/** A controller that answers from a script, by path; a path's last reply is repeated. */
async function controllerOf(script: Record<string, Reply[]>): Promise<{ client: TaskClient; seen: Seen[] }> {
  const seen: Seen[] = [];
  server = createServer(async (request, response) => answer(request, response, script, seen));
  await new Promise<void>((resolve) => server?.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const parameters = { name: "t", controller_address: `http://127.0.0.1:${port}/api` };
  return { client: new TaskClient({ parameters, configDir: "/" }), seen };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  script: Record<string, Reply[]>,
  seen: Seen[],
) {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString();
  const path = (request.url ?? "").replace("/api/", "");
  const isJson = request.headers["content-type"] === "application/json" && text !== "";
  seen.push({ path, body: isJson ? JSON.parse(text) : text });
  const replies = script[path.split("?")[0] as string] ?? [{ body: null }];
  const { status = 200, body, features, destroy, after } = (replies.length > 1 ? replies.shift() : replies[0]) as Reply;
  await after;
  if (destroy) return request.socket.destroy();
  const ours = features === undefined ? {} : { [headerNames.features]: features, [headerNames.instance]: "abc" };
  response.writeHead(status, { "content-type": "application/json", ...ours });
  response.end(JSON.stringify(body));
}

const running: TaskOutput = {
  index: null,
  status: "running",
  result: null,
  history: [{ role: "user", content: "hi" }],
};
const done: TaskOutput = { index: 1, status: "completed", result: "x", history: [] };
const ours = { features: "replay" };
const listed = { list_workers: [{ body: {}, ...ours }] };

describe("TaskClient with our controller", () => {
  it("repeats a start whose reply was lost, as the same request", async () => {
    const reply = { body: { session_id: 5, output: running, features: ["replay"], turn: 0 }, ...ours };
    const { client, seen } = await controllerOf({ ...listed, start_sample: [{ destroy: true }, reply] });
    expect((await client.start(1, options)).output).toEqual(running);
    const starts = seen.filter(({ path }) => path === "start_sample").map(({ body }) => body);
    expect(starts).toHaveLength(2);
    expect(starts[0]).toEqual(starts[1]);
  });

  it("numbers its turns, polls a pending one, and repeats a lost one", async () => {
    const start = { body: { session_id: 5, output: running, features: ["replay"] }, ...ours };
    const pending = { body: { session_id: 5, output: { ...running, history: null }, turn: 1, pending: true }, ...ours };
    const last = { body: { session_id: 5, output: done, turn: 1 }, ...ours };
    const script = { ...listed, start_sample: [start], interact: [pending, { destroy: true }, last] };
    const { client, seen } = await controllerOf(script);
    const { session } = await client.start(1, options);
    expect(await session.interact({ status: "normal", content: "a" }, signal)).toEqual(done);
    const turns = seen.filter(({ path }) => path === "interact").map(({ body }) => (body as { turn: number }).turn);
    expect(turns).toEqual([1, 1, 1]);
  });

  it("renews a lease before it has started anything", async () => {
    const { client, seen } = await controllerOf({ ...listed, renew: [{ body: { sessions: 0 }, ...ours }] });
    await client.renew("run/1", 60);
    expect(seen.at(-1)).toEqual({ path: "renew", body: { owner: "run/1", lease_s: 60 } });
  });

  it("streams the results for the overall as lines", async () => {
    const { client, seen } = await controllerOf({ ...listed, calculate_overall: [{ body: { n: 1 } }] });
    await client.listTasks(signal);
    async function* results() {
      yield done;
    }
    expect(await client.calculateOverall(results(), signal)).toEqual({ n: 1 });
    expect(seen.at(-1)).toEqual({ path: "calculate_overall?name=t", body: `${JSON.stringify(done)}\n` });
  });
});

describe("TaskClient with a v0.2 controller", () => {
  const start = { body: { session_id: 0, output: running } };

  it("sends no turn twice, and without our additional fields", async () => {
    const { client, seen } = await controllerOf({
      list_workers: [{ body: {} }],
      start_sample: [start],
      interact: [{ destroy: true }],
    });
    const { session } = await client.start(1, options);
    await expect(session.interact({ status: "normal", content: "a" }, signal)).rejects.toMatchObject({
      code: "UNREACHABLE",
    });
    const turns = seen.filter(({ path }) => path === "interact");
    expect(turns).toEqual([
      { path: "interact", body: { session_id: 0, agent_response: { status: "normal", content: "a" } } },
    ]);
  });

  it("sends no start twice, no renewal, and all results in one body", async () => {
    const { client, seen } = await controllerOf({ list_workers: [{ body: {} }], start_sample: [{ destroy: true }] });
    await expect(client.start(1, options)).rejects.toMatchObject({ code: "UNREACHABLE" });
    await client.renew("run/1", 60);
    async function* results() {
      yield done;
    }
    await client.calculateOverall(results(), signal);
    expect(seen.map(({ path }) => path)).toEqual(["list_workers?indices=0", "start_sample", "calculate_overall"]);
    expect(seen.at(-1)?.body).toEqual({ name: "t", results: [done] });
  });

  it("ends a session that opens after a sample's time limit: only the late reply contains its id", async () => {
    let opens = () => {};
    const late = {
      ...start,
      body: { ...start.body, session_id: 7 },
      after: new Promise<void>((open) => (opens = open)),
    };
    const { client, seen } = await controllerOf({ list_workers: [{ body: {} }], start_sample: [late] });
    const agent = { inference: async () => "" };
    const outcome = await runSample({ ...options, task: client, agent, index: 1, limits: { timeoutMs: 1_500 } });
    expect(outcome).toMatchObject({ error: "SAMPLE_TIMEOUT" });
    const closed = client.close();
    opens();
    await closed;
    expect(seen.at(-1)).toEqual({ path: "cancel", body: { session_id: 7 } });
  });

  it("does not wait for a late session once the run is stopped", async () => {
    const late = { ...start, after: new Promise(() => {}) };
    const { client, seen } = await controllerOf({ list_workers: [{ body: {} }], start_sample: [late] });
    const run = new AbortController();
    const sample = { ...options, signal: run.signal, task: client, agent: { inference: async () => "" }, index: 1 };
    const attempt = runSample({ ...sample, limits: { timeoutMs: 60_000 } });
    await waitFor(() => seen.some(({ path }) => path === "start_sample"));
    run.abort();
    expect(await attempt).toEqual({ kind: "stopped" });
    await client.close();
  });

  it("treats a 406 as `no slot free now`", async () => {
    const full = { status: 406, body: { detail: "Error: No workers available" } };
    const { client } = await controllerOf({ list_workers: [{ body: {} }], start_sample: [full] });
    const refusal = await client.start(1, options).catch((error: unknown) => error);
    expect(isNotAvailable(refusal)).toBe(true);
  });
});

it("reads the free capacity of the workers that are alive", () => {
  const worker = { id: 0, address: "", capacity: 4, current: 1, last_visit: 0, status: 0, locked: false };
  const workers = { 0: worker, 1: { ...worker, current: 9 }, 2: { ...worker, status: 1 } };
  expect(readCapacity({ indices: [], workers })).toEqual({ free: 3, workers: 2 });
  expect(readCapacity(undefined)).toEqual({ free: 0, workers: 0 });
});
