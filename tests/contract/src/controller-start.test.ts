import { afterAll, expect, inject, test } from "vitest";
import { Peer, statusAndJson } from "./peer.js";
import type { Script } from "./recording-server.js";
import { row } from "./rows.js";
import { ok, question, ScriptedWorker } from "./scripted-worker.js";

const controller = inject("controller");
const client = new Peer(controller);
const workers: ScriptedWorker[] = [];

afterAll(async () => {
  await Promise.all(workers.map((worker) => worker.close()));
});

async function registered(start?: Script, changes?: Record<string, unknown>): Promise<ScriptedWorker> {
  const worker = await ScriptedWorker.start();
  workers.push(worker);
  if (start) worker.script["POST /api/start_sample"] = start;
  expect(statusAndJson(await worker.register(controller, changes))).toEqual([200, null]);
  return worker;
}

const start = (name: string, index: unknown) => client.post("start_sample", { name, index });

test(row("C-10"), async () => {
  const { task } = await registered();
  const { status, json } = await start(task, 1);
  const { session_id } = json as { session_id: number };
  expect(Number.isSafeInteger(session_id)).toBe(true);
  const output = { index: null, status: "running", result: null, history: [question] };
  expect([status, json]).toEqual([200, { session_id, output }]);
});

test(row("C-11"), async () => {
  const output = { index: "two", status: "completed", result: { score: 0.5 }, history: [question] };
  const { task } = await registered(({ session_id }: { session_id: number }) => ok({ session_id, output }));
  const { status, json } = await start(task, "two");
  expect([status, json]).toEqual([200, { session_id: (json as { session_id: number }).session_id, output }]);
  expect(Object.values((await client.get("list_sessions")).json as object)).not.toContainEqual(
    expect.objectContaining({ name: task }),
  );
});

test(row("C-12"), async () => {
  expect(statusAndJson(await start("nobody", 0))).toEqual([406, { detail: "Error: Task does not exist" }]);
});

test(row("C-13"), async () => {
  const { task } = await registered(undefined, { concurrency: 1 });
  expect((await start(task, 0)).status).toBe(200);
  expect(statusAndJson(await start(task, 1))).toEqual([406, { detail: "Error: No workers available" }]);
});

test(row("C-14"), async () => {
  const limit = { status: 406, json: { detail: "Sample concurrency limit reached: 1" } };
  const { task } = await registered(() => limit);
  expect(statusAndJson(await start(task, 0))).toEqual([406, { detail: "Error: No workers available" }]);
});

test(row("C-15"), async () => {
  const worker = await registered();
  for (const index of [2, "0", "three", -1]) {
    expect(statusAndJson(await start(worker.task, index))).toEqual([400, { detail: "Error: Index out of bounds" }]);
  }
  expect(worker.of("start_sample")).toEqual([]);
});

test(row("C-16", "the connection breaks"), async () => {
  const { task } = await registered(() => "cut");
  const { status, json } = await start(task, 0);
  expect(status).toBe(400);
  expect(Object.keys(json as object)).toEqual(["detail"]);
  expect((json as { detail: string }).detail).toMatch(/^Error: Worker not responding\n./);
});

test.each([
  [400, { status: 400, json: { detail: "Session ID already exists" } }, '{"detail":"Session ID already exists"}'],
  [422, { status: 422, json: { detail: [{ loc: ["body", "index"] }] } }, '{"detail":[{"loc":["body","index"]}]}'],
  [500, { status: 500, text: "Internal Server Error" }, "Internal Server Error"],
])(row("C-17", "%i"), async (status, answer, text) => {
  const { task } = await registered(() => answer);
  expect(statusAndJson(await start(task, 0))).toEqual([status, { detail: `Error: Worker returned error\n${text}` }]);
});

test(row("C-18"), async () => {
  const worker = await registered();
  const { json } = await start(worker.task, "two");
  const { session_id } = json as { session_id: number };
  const [sent] = worker.of("start_sample");
  expect(worker.bodies("start_sample")).toEqual([{ index: "two", session_id }]);
  expect(sent?.method).toBe("POST");
  expect(sent?.headers["content-type"]).toBe("application/json");
  expect(sent?.headers["content-length"]).toBe(String(sent?.bytes.length));
});

test(row("C-19"), async () => {
  const first = await registered(undefined, { concurrency: 3 });
  const second = await ScriptedWorker.start(first.task);
  workers.push(second);
  expect(statusAndJson(await second.register(controller, { concurrency: 1 }))).toEqual([200, null]);
  const statuses = [];
  for (let count = 0; count < 5; count++) statuses.push((await start(first.task, 0)).status);
  expect(statuses).toEqual([200, 200, 200, 200, 406]);
  expect([first.sessions.size, second.sessions.size]).toEqual([3, 1]);
});
