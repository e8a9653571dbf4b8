import { afterAll, expect, inject, test } from "vitest";
import { Peer, statusAndJson } from "./peer.js";
import { row } from "./rows.js";
import { ScriptedWorker } from "./scripted-worker.js";

interface Listed {
  indices: unknown[];
  workers: Record<string, Record<string, unknown>>;
}

const controller = inject("controller");
const client = new Peer(controller);
const workers: ScriptedWorker[] = [];

afterAll(async () => {
  await Promise.all(workers.map((worker) => worker.close()));
});

async function registered(changes?: Record<string, unknown>): Promise<ScriptedWorker> {
  const worker = await ScriptedWorker.start();
  workers.push(worker);
  expect(statusAndJson(await worker.register(controller, changes))).toEqual([200, null]);
  return worker;
}

async function listed(task: string): Promise<Listed> {
  const { status, json } = await client.get("list_workers");
  expect(status).toBe(200);
  return (json as Record<string, Listed>)[task] as Listed;
}

test(row("C-01"), async () => {
  const worker = await registered({ indices: [0, 1, "two"] });
  const task = await listed(worker.task);
  expect(Object.keys(task).sort()).toEqual(["indices", "workers"]);
  expect(task.indices).toEqual([0, 1, "two"]);
  const [[id, one] = []] = Object.entries(task.workers);
  const fields = ["address", "capacity", "current", "id", "last_visit", "locked", "status"];
  expect(Object.keys(one ?? {}).sort()).toEqual(fields);
  const expected = { id: Number(id), address: worker.address, capacity: 2, current: 0, status: 0, locked: false };
  expect(one).toMatchObject(expected);
  expect(Math.abs(Number(one?.last_visit) - Date.now() / 1000)).toBeLessThan(30);
  expect(Number(one?.last_visit) % 1).not.toBe(0);
});

test(row("C-02"), async () => {
  const worker = await registered();
  const before = Date.now() / 1000;
  const { json } = await client.post("start_sample", { name: worker.task, index: "two" });
  const { session_id } = json as { session_id: number };
  const { status, json: sessions } = await client.get("list_sessions");
  expect(status).toBe(200);
  const session = (sessions as Record<string, Record<string, unknown>>)[String(session_id)] ?? {};
  expect(Object.keys(session).sort()).toEqual(["index", "last_update", "locked", "name", "start", "worker_id"]);
  const [id] = Object.keys((await listed(worker.task)).workers);
  expect(session).toMatchObject({ name: worker.task, index: "two", worker_id: Number(id), locked: false });
  expect(session.start).toBeGreaterThan(before - 1);
  expect(session.last_update).toBeGreaterThanOrEqual(session.start as number);
  expect(session.last_update).toBeLessThan(before + 30);
});

test(row("C-03"), async () => {
  const { task } = await registered({ indices: ["b", "a", 3, "3"] });
  expect(statusAndJson(await client.get(`get_indices?name=${task}`))).toEqual([200, ["b", "a", 3, "3"]]);
});

test(row("C-04"), async () => {
  const reply = await client.get("get_indices?name=nobody");
  expect(statusAndJson(reply)).toEqual([400, { detail: "Error: Task does not exist" }]);
});

test(row("C-05"), async () => {
  const worker = await registered({ concurrency: 3 });
  const free = async () => {
    const { workers: all } = await listed(worker.task);
    return Object.values(all).reduce((sum, one) => sum + Number(one.capacity) - Number(one.current), 0);
  };
  expect(await free()).toBe(3);
  const start = (index: number) => client.post("start_sample", { name: worker.task, index });
  const [first] = await Promise.all([start(0), start(1)]);
  expect(await free()).toBe(1);
  const { session_id } = first.json as { session_id: number };
  await client.post("interact", { session_id, agent_response: { content: "answer" } });
  expect(await free()).toBe(2);
});

test(row("C-06"), async () => {
  const worker = await registered({ indices: ["süß", "日本", "🙂"] });
  const reply = await client.get(`get_indices?name=${worker.task}`);
  expect(reply.text).toBe('["süß","日本","🙂"]');
  expect(reply.headers["content-type"]).toMatch(/^application\/json/);
});
