import { afterAll, expect, inject, test } from "vitest";
import { Peer, statusAndJson } from "./peer.js";
import { row } from "./rows.js";
import { ScriptedWorker } from "./scripted-worker.js";

const controller = inject("controller");
const client = new Peer(controller);
const workers: ScriptedWorker[] = [];

afterAll(async () => {
  await Promise.all(workers.map((worker) => worker.close()));
});

async function newWorker(task?: string): Promise<ScriptedWorker> {
  const worker = await ScriptedWorker.start(task);
  workers.push(worker);
  return worker;
}

interface Listed {
  indices: unknown[];
  workers: Record<string, { id: number; capacity: number; last_visit: number; address: string }>;
}

async function listed(task: string): Promise<Listed | undefined> {
  return ((await client.get("list_workers")).json as Record<string, Listed>)[task];
}

test(row("C-50"), async () => {
  const worker = await newWorker();
  const reply = await worker.register(controller);
  expect([reply.status, reply.text]).toEqual([200, "null"]);
  expect(worker.recorded.map(({ method, url }) => `${method} ${url}`)).toEqual(["GET /api/get_sessions"]);
  expect((await listed(worker.task))?.indices).toEqual([0, 1, "two"]);
});

test(row("C-51"), async () => {
  const worker = await newWorker();
  await worker.register(controller);
  const before = Object.values((await listed(worker.task))?.workers ?? {});
  expect(statusAndJson(await worker.register(controller, { concurrency: 5 }))).toEqual([200, null]);
  const after = Object.values((await listed(worker.task))?.workers ?? {});
  expect(after).toMatchObject([{ id: before[0]?.id, capacity: 5, address: worker.address }]);
  expect(after[0]?.last_visit).toBeGreaterThan(before[0]?.last_visit as number);
});

test(row("C-52"), async () => {
  const first = await newWorker();
  await first.register(controller);
  const second = await newWorker(first.task);
  for (const indices of [[0, 1], [0, "1", "two"], [1, 0, "two"], []]) {
    const reply = await second.register(controller, { indices });
    const detail = "Error: Task already exists with different indices";
    expect(statusAndJson(reply)).toEqual([400, { detail }]);
  }
  expect((await listed(first.task))?.indices).toEqual([0, 1, "two"]);
  expect(Object.keys((await listed(first.task))?.workers ?? {})).toHaveLength(1);
});

test.each([
  ["an error of its own", { status: 500, text: "Internal Server Error" }],
  ["no answer", "cut"],
  ["something else than sessions", { status: 200, json: ["odd"] }],
] as const)(row("C-53", "%s"), async (_what, answer) => {
  const worker = await newWorker();
  worker.script["GET /api/get_sessions"] = () => answer;
  const reply = await worker.register(controller);
  expect(statusAndJson(reply)).toEqual([400, { detail: "Error: Worker status abnormal" }]);
  expect(await listed(worker.task)).toBeUndefined();
});

test(row("C-54"), async () => {
  const first = await newWorker();
  const second = await newWorker(first.task);
  for (const worker of [first, second]) expect((await worker.register(controller)).status).toBe(200);
  const { workers: both = {} } = (await listed(first.task)) ?? {};
  expect(Object.keys(both)).toEqual(Object.values(both).map(({ id }) => String(id)));
  expect(Object.values(both).map(({ address }) => address)).toEqual([first.address, second.address]);
});
