import { afterAll, beforeAll, expect, test } from "vitest";
import { Peer, statusAndJson } from "./peer.js";
import { type OwnProcess, startWorker } from "./processes.js";
import { row } from "./rows.js";

let worker: OwnProcess;
let client: Peer;
const indices = ["turns 2", 5, "5", "süß", "hang-first a", "release a"];

beforeAll(async () => {
  worker = await startWorker("listing", { indices, concurrency: 3 });
  client = new Peer(worker.address);
});

afterAll(() => worker?.kill());

const start = (session_id: number, index: unknown) => client.post("start_sample", { index, session_id });
const say = (session_id: number) => client.post("interact", { session_id, agent_response: { content: "answer" } });

test(row("W-01"), async () => {
  const reply = await client.get("get_indices");
  expect([reply.status, reply.text]).toEqual([200, JSON.stringify(indices)]);
});

test(row("W-02"), async () => {
  expect((await client.get("get_sessions")).text).toBe("{}");
  await start(11, 5);
  await start(12, "5");
  expect(statusAndJson(await client.get("get_sessions"))).toEqual([200, { 11: 5, 12: "5" }]);
  await say(11);
  expect(statusAndJson(await client.get("get_sessions"))).toEqual([200, { 12: "5" }]);
  await say(12);
});

test(row("W-03"), async () => {
  expect(statusAndJson(await client.get("worker_status"))).toEqual([200, { concurrency: 3, current: 0 }]);
  await start(13, 5);
  expect(statusAndJson(await client.get("worker_status"))).toEqual([200, { concurrency: 3, current: 1 }]);
  await say(13);
});

test(row("W-04"), async () => {
  await start(14, "turns 2");
  const { status, json } = await client.post("sample_status", { session_id: 14 });
  const history = [{ role: "user", content: "question 0" }];
  const env_output = { index: null, status: "running", result: null, history };
  const flags = { waiting_for_env: false, waiting_for_agent: true, env_input: null, env_output };
  expect([status, json]).toEqual([200, { session_id: 14, index: "turns 2", status: flags }]);
  await client.post("cancel", { session_id: 14 });
});

test(row("W-05"), async () => {
  const hanging = start(15, "hang-first a");
  let reply = await client.post("sample_status", { session_id: 15 });
  while (reply.status === 400) reply = await client.post("sample_status", { session_id: 15 });
  const flags = { waiting_for_env: true, waiting_for_agent: false, env_input: null, env_output: null };
  expect(statusAndJson(reply)).toEqual([200, { session_id: 15, index: "hang-first a", status: flags }]);
  await start(16, "release a");
  expect((await hanging).status).toBe(200);
});

test(row("W-06"), async () => {
  const reply = await client.post("sample_status", { session_id: 99 });
  expect(statusAndJson(reply)).toEqual([400, { detail: "No such session" }]);
});

test(row("W-14"), async () => {
  const ids = [21, 22, 23];
  for (const id of ids) expect((await start(id, 5)).status).toBe(200);
  expect(statusAndJson(await start(24, 5))).toEqual([406, { detail: "Sample concurrency limit reached: 3" }]);
  await say(21);
  expect((await start(24, 5)).status).toBe(200);
});
