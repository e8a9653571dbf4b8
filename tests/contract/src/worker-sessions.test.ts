import { afterAll, beforeAll, expect, test } from "vitest";
import { Peer, statusAndJson } from "./peer.js";
import { type OwnProcess, startWorker } from "./processes.js";
import { row } from "./rows.js";
import { waitUntil } from "./wait-until.js";

const finals = [
  "completed",
  "agent context limit",
  "agent validation failed",
  "agent invalid action",
  "task limit reached",
  "unknown",
  "task error",
];
const results = [{ deep: [1, { a: null }] }, null, 0, 0.5, "süß 🙂", [], false];
const indices = [
  ...["turns 1", "turns 2", "silent", "raise-first no disk", "raise-later no database", "hang-later b", "release b"],
  ...finals.map((status) => `status ${status}`),
  ...results.map((result) => `result ${JSON.stringify(result)}`),
];

let worker: OwnProcess;
let client: Peer;
let lastId = 0;

beforeAll(async () => {
  worker = await startWorker("sessions", { indices });
  client = new Peer(worker.address);
});

afterAll(() => worker?.kill());

const start = (session_id: number, index: unknown) => client.post("start_sample", { index, session_id });
const say = (session_id: number, agent_response: unknown = { content: "answer" }) =>
  client.post("interact", { session_id, agent_response });
const user = (content: string) => ({ role: "user", content });
const agent = (content: string) => ({ role: "agent", content });

/** A session that waits for the agent. */
async function started(index: string): Promise<number> {
  lastId += 1;
  expect((await start(lastId, index)).status).toBe(200);
  return lastId;
}

test(row("W-10"), async () => {
  const { status, json } = await start(1001, "turns 1");
  const output = { index: null, status: "running", result: null, history: [user("question 0")] };
  expect([status, json]).toEqual([200, { session_id: 1001, output }]);
});

test(row("W-11"), async () => {
  const output = { index: "silent", status: "completed", result: "silent", history: [] };
  expect(statusAndJson(await start(1002, "silent"))).toEqual([200, { session_id: 1002, output }]);
});

test(row("W-12"), async () => {
  const { status, json } = await start(1003, "raise-first no disk");
  const output = { index: "raise-first no disk", status: "task error", result: "no disk", history: [] };
  expect([status, json]).toEqual([200, { session_id: 1003, output }]);
  expect((await client.get("get_sessions")).json).not.toHaveProperty("1003");
});

test(row("W-13"), async () => {
  const id = await started("turns 1");
  for (const index of ["turns 1", "silent"]) {
    expect(statusAndJson(await start(id, index))).toEqual([400, { detail: "Session ID already exists" }]);
  }
});

test(row("W-20"), async () => {
  const id = await started("turns 2");
  const history = [user("question 0"), agent("answer"), user("question 1")];
  const output = { index: null, status: "running", result: null, history };
  expect(statusAndJson(await say(id))).toEqual([200, { session_id: id, output }]);
});

test(row("W-21"), async () => {
  const id = await started("turns 1");
  const result = [{ status: "normal", content: "answer" }];
  const history = [user("question 0"), agent("answer")];
  const output = { index: "turns 1", status: "completed", result, history };
  expect(statusAndJson(await say(id))).toEqual([200, { session_id: id, output }]);
  expect(statusAndJson(await say(id))).toEqual([400, { detail: "No such session" }]);
});

test(row("W-22"), async () => {
  expect(statusAndJson(await say(998))).toEqual([400, { detail: "No such session" }]);
});

test(row("W-23"), async () => {
  const id = await started("hang-later b");
  const first = say(id);
  await waitUntil("the turn to be executed", async () => {
    const { json } = await client.post("sample_status", { session_id: id });
    const { env_input, waiting_for_env } = (json as { status: Record<string, unknown> }).status;
    if (!waiting_for_env) return false;
    expect(env_input).toEqual({ status: "normal", content: "answer" });
    return true;
  });
  const busy = [400, { detail: "Task Executing, please do not send new request." }];
  expect(statusAndJson(await say(id, { content: "another" }))).toEqual(busy);
  await start(1004, "release b");
  expect((await first).json).toMatchObject({ output: { status: "completed", result: "released" } });
});

test(row("W-24"), async () => {
  const id = await started("raise-later no database");
  const history = [user("question"), agent("answer")];
  const output = { index: "raise-later no database", status: "task error", result: "no database", history };
  expect(statusAndJson(await say(id))).toEqual([501, { detail: { session_id: id, output } }]);
  expect(statusAndJson(await say(id))).toEqual([400, { detail: "No such session" }]);
});

test.each([
  [{ content: "x" }, { status: "normal", content: "x" }],
  [{ status: "cancelled" }, { status: "cancelled", content: null }],
  [{ status: "agent context limit" }, { status: "agent context limit", content: null }],
])(row("W-25", "%j"), async (given, seen) => {
  const id = await started("turns 1");
  expect((await say(id, given)).json).toMatchObject({ output: { status: "completed", result: [seen] } });
});

test.each(finals)(row("W-26", "%s"), async (status) => {
  const id = await started(`status ${status}`);
  const history = [user("question"), agent("answer")];
  const output = { index: `status ${status}`, status, result: "done", history };
  expect(statusAndJson(await say(id))).toEqual([200, { session_id: id, output }]);
});

test.each(results.map((result) => [result]))(row("W-27", "%j"), async (result) => {
  const id = await started(`result ${JSON.stringify(result)}`);
  const { json } = await say(id);
  expect((json as { output: { result: unknown } }).output.result).toStrictEqual(result);
});

test(row("W-30"), async () => {
  const id = await started("turns 2");
  expect(statusAndJson(await client.post("cancel", { session_id: id }))).toEqual([200, { session_id: id }]);
  expect((await client.get("get_sessions")).json).not.toHaveProperty(String(id));
  expect(statusAndJson(await say(id))).toEqual([400, { detail: "No such session" }]);
});

test(row("W-31"), async () => {
  const reply = await client.post("cancel", { session_id: 997 });
  expect(statusAndJson(reply)).toEqual([400, { detail: "No such session" }]);
});

test(row("W-32"), async () => {
  await started("turns 2");
  await started("turns 2");
  const headers = { "content-type": "application/octet-stream" };
  const reply = await client.send("POST", "cancel_all", { headers });
  expect([reply.status, reply.text]).toEqual([200, "null"]);
  expect((await client.get("get_sessions")).json).toEqual({});
  expect((await client.get("worker_status")).json).toMatchObject({ current: 0 });
});

test.each([[{ score: 0.5 }], [null], [0], [-1.5e-7], ["süß"], [[]], [true], [{}]])(
  row("W-40", "%j"),
  async (answer) => {
    const results = [{ index: 0, status: "completed", result: { answer }, history: null }];
    const reply = await client.post("calculate_overall", { name: "sessions", results });
    expect([reply.status, reply.text]).toEqual([200, JSON.stringify(answer)]);
  },
);

test(row("W-41"), async () => {
  const given = [
    { index: 0, status: "completed", result: 1, history: [user("q"), agent("a")] },
    { index: "0", status: "unknown", result: null, history: null },
  ];
  const reply = await client.post("calculate_overall", { name: "sessions", results: given });
  expect(statusAndJson(reply)).toEqual([200, given]);
  const empty = await client.post("calculate_overall", { name: "sessions", results: [] });
  expect(statusAndJson(empty)).toEqual([200, []]);
});
