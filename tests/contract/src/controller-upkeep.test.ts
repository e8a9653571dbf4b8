import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { Peer, statusAndJson } from "./peer.js";
import { type OwnProcess, startController } from "./processes.js";
import { row } from "./rows.js";
import { ScriptedWorker } from "./scripted-worker.js";
import { waitUntil } from "./wait-until.js";

let controller: OwnProcess;
let client: Peer;
let worker: ScriptedWorker;
const workers: ScriptedWorker[] = [];

beforeAll(async () => {
  controller = await startController(["--coma-after", "3", "--session-expire", "2"]);
  client = new Peer(controller.address);
});

afterAll(async () => {
  await Promise.all([controller?.kill(), ...workers.map((one) => one.close())]);
});

beforeEach(async () => {
  worker = await ScriptedWorker.start();
  workers.push(worker);
  expect(statusAndJson(await worker.register(controller.address))).toEqual([200, null]);
});

const start = async () => {
  const { json } = await client.post("start_sample", { name: worker.task, index: 0 });
  return (json as { session_id: number }).session_id;
};
const sessions = async () => (await client.get("list_sessions")).json as Record<string, { name: string }>;
const done = [200, null];

test(row("C-40"), async () => {
  await start();
  await start();
  expect(statusAndJson(await client.send("POST", "cancel_all"))).toEqual(done);
  const [sent, ...more] = worker.of("cancel_all");
  expect(more).toEqual([]);
  expect(sent?.bytes.length).toBe(0);
  expect(sent?.headers).toMatchObject({ "content-length": "0", "content-type": "application/octet-stream" });
  expect(worker.sessions.size).toBe(0);
  expect(Object.values(await sessions()).filter(({ name }) => name === worker.task)).toEqual([]);
});

test(row("C-41"), async () => {
  worker.sessions.set(123, "two");
  const before = worker.of("get_sessions").length;
  expect(statusAndJson(await client.send("POST", "sync_all"))).toEqual(done);
  expect(worker.of("get_sessions").length).toBeGreaterThan(before);
  expect((await sessions())[123]).toMatchObject({ name: worker.task, index: "two" });
});

test(row("C-42"), async () => {
  const id = await start();
  await waitUntil("the session to expire", async () => {
    expect(statusAndJson(await client.send("POST", "clean_session"))).toEqual(done);
    return !Object.hasOwn(await sessions(), id);
  });
  expect(worker.bodies("cancel")).toEqual([{ session_id: id }]);
});

test(row("C-43"), async () => {
  const listed = async () => {
    const tasks = (await client.get("list_workers")).json as Record<
      string,
      { workers: Record<string, { status: number }> }
    >;
    return Object.values(tasks[worker.task]?.workers ?? {});
  };
  expect(statusAndJson(await client.send("POST", "clean_worker"))).toEqual(done);
  expect(await listed()).toMatchObject([{ status: 0 }]);
  await waitUntil("the worker's coma", async () => (await listed())[0]?.status === 1);
  expect(statusAndJson(await client.send("POST", "clean_worker"))).toEqual(done);
  expect(await listed()).toEqual([]);
});

test.each(["cancel_all", "sync_all", "clean_session", "clean_worker"])(row("C-44", "%s"), async (route) => {
  const octets = { "content-type": "application/octet-stream" };
  expect((await client.send("POST", route, { headers: octets })).text).toBe("null");
  expect((await client.send("POST", route, { bytes: "not JSON" })).text).toBe("null");
  expect((await client.post(route, { unknown: 1 })).text).toBe("null");
});
