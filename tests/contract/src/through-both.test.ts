import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { Peer, statusAndJson } from "./peer.js";
import { type OwnProcess, startWorker } from "./processes.js";
import { row } from "./rows.js";
import { waitUntil } from "./wait-until.js";

/** A v0.2 client, our controller, our worker. */
const controller = inject("controller");
const client = new Peer(controller);
let worker: OwnProcess;
const indices = ["turns 2", "raise-first no disk", "raise-later no database", "silent", 5];

beforeAll(async () => {
  worker = await startWorker("both", { controller, indices, concurrency: 4 });
  await waitUntil("the worker's registration", async () => (await client.get("get_indices?name=both")).status === 200);
});

afterAll(() => worker?.kill());

const start = (index: unknown) => client.post("start_sample", { name: "both", index });
const idOf = (json: unknown) => (json as { session_id: number }).session_id;
const say = (session_id: number, content = "answer") =>
  client.post("interact", { session_id, agent_response: { content } });
const user = (content: string) => ({ role: "user", content });
const agent = (content: string) => ({ role: "agent", content });

test(row("T-01"), async () => {
  const first = await start("turns 2");
  const session_id = idOf(first.json);
  const running = { index: null, status: "running", result: null };
  let history = [user("question 0")];
  expect(statusAndJson(first)).toEqual([200, { session_id, output: { ...running, history } }]);
  history = [...history, agent("a"), user("question 1")];
  expect(statusAndJson(await say(session_id, "a"))).toEqual([200, { session_id, output: { ...running, history } }]);
  const result = ["a", "b"].map((content) => ({ status: "normal", content }));
  const output = { index: "turns 2", status: "completed", result, history: [...history, agent("b")] };
  expect(statusAndJson(await say(session_id, "b"))).toEqual([200, { session_id, output }]);
});

test(row("T-02"), async () => {
  const index = "raise-later no database";
  const session_id = idOf((await start(index)).json);
  const history = [user("question"), agent("answer")];
  const output = { index, status: "task error", result: "no database", history };
  const body = JSON.stringify({ detail: { session_id, output } });
  const detail = `Error: Worker returned error\n${body}`;
  expect(statusAndJson(await say(session_id))).toEqual([501, { detail }]);
  expect(statusAndJson(await say(session_id))).toEqual([400, { detail: "Error: Session does not exist" }]);
});

test(row("T-03"), async () => {
  const index = "raise-first no disk";
  const { status, json } = await start(index);
  const output = { index, status: "task error", result: "no disk", history: [] };
  expect([status, json]).toEqual([200, { session_id: idOf(json), output }]);
});

test(row("T-04"), async () => {
  const session_id = idOf((await start("turns 2")).json);
  expect((await new Peer(worker.address).get("get_sessions")).json).toEqual({ [session_id]: "turns 2" });
  expect(statusAndJson(await client.post("cancel", { session_id }))).toEqual([200, { session_id }]);
  expect((await new Peer(worker.address).get("get_sessions")).json).toEqual({});
});

test(row("T-05"), async () => {
  const calculate = (result: unknown) => {
    const results = [{ index: 5, status: "completed", result, history: null }];
    return client.post("calculate_overall", { name: "both", results });
  };
  expect(statusAndJson(await calculate({ answer: [null] }))).toEqual([200, [null]]);
  const { status, json } = await calculate({ raise: "division by zero" });
  expect(status).toBe(500);
  const { detail } = json as { detail: string };
  const [line, body] = [detail.slice(0, detail.indexOf("\n")), JSON.parse(detail.slice(detail.indexOf("\n")))];
  expect(line).toBe("Error: Worker returned error");
  expect(Object.keys(body)).toEqual(["detail"]);
  expect(body.detail).toContain("division by zero");
});

test(row("T-06"), async () => {
  const { json } = await client.get("list_workers");
  const { both } = json as Record<string, { workers: Record<string, object> }>;
  expect(Object.keys(both ?? {}).sort()).toEqual(["indices", "workers"]);
  const fields = ["address", "capacity", "current", "id", "last_visit", "locked", "status"];
  expect(Object.values(both?.workers ?? {}).map((one) => Object.keys(one).sort())).toEqual([fields]);
});
