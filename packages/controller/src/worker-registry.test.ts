import { expect, test } from "vitest";
import { heartbeat } from "./testing/heartbeat.js";
import { freeCapacity, type WorkerRecord, WorkerRegistry } from "./worker-registry.js";

const time = { lived: 0, wall: 1_000 };

function addTo(registry: WorkerRegistry, changes: Parameters<typeof heartbeat>[0] = {}): WorkerRecord {
  const beat = heartbeat(changes);
  const worker = registry.candidate(beat, ["replay"], time);
  registry.add(worker, beat, time);
  worker.synced = true;
  return worker;
}

function taskOf(registry: WorkerRegistry, name = "echo") {
  const task = registry.task(name);
  if (task === undefined) throw new Error(`no task ${name}`);
  return task;
}

test("the worker with the most free capacity is picked, and one that was tried is not picked again", () => {
  const registry = new WorkerRegistry();
  const small = addTo(registry, { address: "http://a/api", concurrency: 2 });
  const large = addTo(registry, { address: "http://b/api", concurrency: 5 });
  const task = taskOf(registry);
  expect(registry.pick(task, new Set())).toBe(large);
  for (const id of [1, 2, 3, 4]) large.sessions.add(id);
  expect(registry.pick(task, new Set())).toBe(small);
  expect(registry.pick(task, new Set([small]))).toBe(large);
  expect(registry.pick(task, new Set([small, large]))).toBeUndefined();
});

test("free capacity counts claims or the worker's own count, whichever is more, and is never below 0", () => {
  const registry = new WorkerRegistry();
  const worker = addTo(registry, { concurrency: 3, sessions_version: 4, current: 2 });
  expect(freeCapacity(worker)).toBe(1);
  for (const id of [1, 2, 3, 4]) worker.sessions.add(id);
  expect(freeCapacity(worker)).toBe(0);
});

test("outdated session versions are ignored, as are values that are not numbers", () => {
  const registry = new WorkerRegistry();
  const worker = addTo(registry, { sessions_version: 7, current: 1 });
  registry.observe(worker, 6, 3);
  registry.observe(worker, Number.NaN, 3);
  expect([worker.sessionsVersion, worker.reported]).toEqual([7, 1]);
  registry.observe(worker, 8, 0);
  expect([worker.sessionsVersion, worker.reported]).toEqual([8, 0]);
});

test.each([
  { why: "it drains", change: { draining: true } },
  { why: "its main loop lags over two seconds", change: { loop_lag_ms: 2_001 } },
])("a worker gets no new session when $why, and again when that is over", ({ change }) => {
  const registry = new WorkerRegistry();
  const worker = addTo(registry);
  registry.beat(worker, heartbeat(change), time);
  expect(registry.pick(taskOf(registry), new Set())).toBeUndefined();
  registry.beat(worker, heartbeat(), time);
  expect(registry.pick(taskOf(registry), new Set())).toBe(worker);
});

test("a silent worker becomes COMA; when it returns, it must first list its sessions", () => {
  const registry = new WorkerRegistry();
  const worker = addTo(registry);
  expect(registry.age(11_000, 11_000)).toEqual([]);
  expect(registry.age(11_001, 11_000)).toEqual([worker]);
  expect([worker.liveness, registry.pick(taskOf(registry), new Set())]).toEqual([1, undefined]);
  registry.beat(worker, heartbeat(), { lived: 12_000, wall: 13_000 });
  expect([worker.liveness, worker.synced, worker.lastBeat]).toEqual([0, false, 12_000]);
});

test("a new worker with different indices is rejected, with both digests and counts, while one with the old indices is alive", () => {
  const registry = new WorkerRegistry();
  const old = addTo(registry, { address: "http://a/api", indices: [1, 2, 3] });
  const changed = heartbeat({ address: "http://b/api", indices: [1, 2, "3"] });
  expect(() => registry.assertSameIndices(changed)).toThrow(
    /different indices: echo has 3 \([0-9a-f]{12}\) at http:\/\/a\/api, http:\/\/b\/api brings 3 \([0-9a-f]{12}\)$/,
  );
  old.liveness = 2;
  expect(() => registry.assertSameIndices(changed)).not.toThrow();
  addTo(registry, { address: "http://b/api", indices: [1, 2, "3"] });
  expect(taskOf(registry).indices).toEqual([1, 2, "3"]);
  expect([taskOf(registry).known.has(3), taskOf(registry).known.has("3")]).toEqual([false, true]);
});

test("a task is gone with its last worker, and an address belongs to one worker", () => {
  const registry = new WorkerRegistry();
  const first = addTo(registry);
  const second = addTo(registry, { incarnation: "two" });
  expect([registry.has(first), registry.has(second), taskOf(registry).workers.size]).toEqual([false, true, 1]);
  registry.forget(second);
  expect(registry.task("echo")).toBeUndefined();
});
