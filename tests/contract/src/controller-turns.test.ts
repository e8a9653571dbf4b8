import { afterAll, expect, inject, test } from "vitest";
import { Peer, statusAndJson } from "./peer.js";
import type { Script } from "./recording-server.js";
import { row } from "./rows.js";
import { noSuchSession, ok, question, running, ScriptedWorker, said } from "./scripted-worker.js";

const controller = inject("controller");
const client = new Peer(controller);
const workers: ScriptedWorker[] = [];

afterAll(async () => {
  await Promise.all(workers.map((worker) => worker.close()));
});

/** A worker with one running session. */
async function started(changes: Record<string, Script> = {}) {
  const worker = await ScriptedWorker.start();
  workers.push(worker);
  Object.assign(worker.script, changes);
  await worker.register(controller);
  const { status, json } = await client.post("start_sample", { name: worker.task, index: 1 });
  expect(status).toBe(200);
  return { worker, session_id: (json as { session_id: number }).session_id };
}

const say = (session_id: number, agent_response: unknown = { content: "answer" }) =>
  client.post("interact", { session_id, agent_response });

async function isListed(session_id: number): Promise<boolean> {
  return Object.hasOwn((await client.get("list_sessions")).json as object, String(session_id));
}

test(row("C-20"), async () => {
  const history = [question, said, { role: "user", content: "another question" }];
  const output = { index: null, status: "running", result: null, history };
  const { session_id } = await started({
    "POST /api/interact": ({ session_id: id }: { session_id: number }) => ok({ session_id: id, output }),
  });
  expect(statusAndJson(await say(session_id))).toEqual([200, { session_id, output }]);
  expect(await isListed(session_id)).toBe(true);
});

test(row("C-21"), async () => {
  const { session_id } = await started();
  const result = { status: "normal", content: "answer" };
  const output = { index: 1, status: "completed", result, history: [question, said] };
  expect(statusAndJson(await say(session_id))).toEqual([200, { session_id, output }]);
  expect(await isListed(session_id)).toBe(false);
  expect(statusAndJson(await say(session_id))).toEqual([400, { detail: "Error: Session does not exist" }]);
});

test(row("C-22"), async () => {
  expect(statusAndJson(await say(77))).toEqual([400, { detail: "Error: Session does not exist" }]);
});

test(row("C-23", "the connection breaks"), async () => {
  const { session_id } = await started({ "POST /api/interact": () => "cut" });
  const { status, json } = await say(session_id);
  expect(status).toBe(400);
  expect(Object.keys(json as object)).toEqual(["detail"]);
  expect((json as { detail: string }).detail).toMatch(/^Error: Worker not responding\n./);
});

test(row("C-24"), async () => {
  const output = { index: 1, status: "task error", result: "no database", history: [question, said] };
  const raised = ({ session_id }: { session_id: number }) => ({
    status: 501,
    json: { detail: { session_id, output } },
  });
  const { session_id } = await started({ "POST /api/interact": raised });
  const body = JSON.stringify({ detail: { session_id, output } });
  expect(statusAndJson(await say(session_id))).toEqual([501, { detail: `Error: Worker returned error\n${body}` }]);
  expect(await isListed(session_id)).toBe(false);
});

test(row("C-25"), async () => {
  const { session_id } = await started({ "POST /api/interact": () => noSuchSession });
  const detail = 'Error: Worker returned error\n{"detail":"No such session"}';
  expect(statusAndJson(await say(session_id))).toEqual([400, { detail }]);
});

test.each([
  [{ content: "süß 🙂\n\u0000" }, { status: "normal", content: "süß 🙂\n\u0000" }],
  [
    { status: "normal", content: "" },
    { status: "normal", content: "" },
  ],
  [{ status: "cancelled" }, { status: "cancelled", content: null }],
  [
    { status: "agent context limit", content: null },
    { status: "agent context limit", content: null },
  ],
  [
    { status: "agent context limit", content: "too long", extra: 1 },
    { status: "agent context limit", content: "too long" },
  ],
])(row("C-26", "%j"), async (given, forwarded) => {
  const { worker, session_id } = await started();
  expect((await say(session_id, given)).status).toBe(200);
  expect(worker.bodies("interact")).toEqual([{ session_id, agent_response: forwarded }]);
});

test.each([
  ["completed"],
  ["agent context limit"],
  ["agent validation failed"],
  ["agent invalid action"],
  ["task limit reached"],
  ["unknown"],
  ["task error"],
])(row("C-27", "%s"), async (status) => {
  const output = { index: 1, status, result: null, history: [question, said] };
  const { session_id } = await started({
    "POST /api/interact": ({ session_id: id }: { session_id: number }) => ok({ session_id: id, output }),
  });
  expect(statusAndJson(await say(session_id))).toEqual([200, { session_id, output }]);
  expect(await isListed(session_id)).toBe(false);
});

test(row("C-30"), async () => {
  const { worker, session_id } = await started();
  expect(statusAndJson(await client.post("cancel", { session_id }))).toEqual([200, { session_id }]);
  expect(worker.bodies("cancel")).toEqual([{ session_id }]);
  expect(await isListed(session_id)).toBe(false);
});

test(row("C-31"), async () => {
  const reply = await client.post("cancel", { session_id: 77 });
  expect(statusAndJson(reply)).toEqual([400, { detail: "Error: Session does not exist" }]);
});

test(row("C-32"), async () => {
  const { session_id } = await started({ "POST /api/cancel": () => "cut" });
  const { status, json } = await client.post("cancel", { session_id });
  expect(status).toBe(400);
  expect((json as { detail: string }).detail).toMatch(/^Error: Worker not responding\n./);
});

test(row("C-33"), async () => {
  const { session_id } = await started({ "POST /api/cancel": () => noSuchSession });
  const detail = 'Error: Worker returned error\n{"detail":"No such session"}';
  expect(statusAndJson(await client.post("cancel", { session_id }))).toEqual([400, { detail }]);
  expect(await isListed(session_id)).toBe(false);
});

test(row("C-34"), async () => {
  const { session_id } = await started({
    "POST /api/start_sample": ({ session_id: id }: { session_id: number }) => ok(running(id)),
    "POST /api/cancel": () => ({ status: 500, text: "Internal Server Error" }),
  });
  const detail = "Error: Worker returned error\nInternal Server Error";
  expect(statusAndJson(await client.post("cancel", { session_id }))).toEqual([500, { detail }]);
});
