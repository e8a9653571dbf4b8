import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { Peer, type Reply, statusAndJson } from "./peer.js";
import { type OwnProcess, startWorker } from "./processes.js";
import { row } from "./rows.js";
import { ok, ScriptedWorker } from "./scripted-worker.js";
import { waitUntil } from "./wait-until.js";

const task = "differences";
const values = [1, 0, 0.5, "yes", true, "true", "5", null];
const indices = [
  5,
  "turns 1",
  "hang-later c",
  "release c",
  ...values.map((value) => `result ${JSON.stringify(value)}`),
];
const secret = "s3cret-marker";

const controller = inject("controller");
const client = new Peer(controller);
let worker: OwnProcess;
const scripted: ScriptedWorker[] = [];

beforeAll(async () => {
  const flags = ["--max-body-mb", "1"];
  worker = await startWorker(task, { controller, indices, flags });
  await waitUntil("the registration", async () => (await client.get(`get_indices?name=${task}`)).status === 200);
});

afterAll(async () => {
  await Promise.all([worker?.kill(), ...scripted.map((one) => one.close())]);
});

async function registered(): Promise<ScriptedWorker> {
  const one = await ScriptedWorker.start();
  scripted.push(one);
  expect((await one.register(controller)).status).toBe(200);
  return one;
}

const start = (index: unknown, name = task) => client.post("start_sample", { name, index });
const idOf = ({ json }: Reply) => (json as { session_id: number }).session_id;
const say = (session_id: number, agent_response: unknown = { content: "answer" }) =>
  client.post("interact", { session_id, agent_response });

test(row("D-01"), async () => {
  expect(statusAndJson(await start("5"))).toEqual([400, { detail: "Error: Index out of bounds" }]);
  const session_id = idOf(await start(5));
  expect((await client.get("list_sessions")).json).toMatchObject({ [session_id]: { index: 5 } });
  expect((await say(session_id)).json).toMatchObject({ output: { index: 5 } });
});

test.each(values.map((value) => [value]))(row("D-02", "%j"), async (value) => {
  const session_id = idOf(await start(`result ${JSON.stringify(value)}`));
  const { output } = (await say(session_id)).json as { output: Record<string, unknown> };
  expect(output.result).toStrictEqual(value);
  const { json } = await client.post("calculate_overall", { name: task, results: [output] });
  expect(json).toStrictEqual([output]);
});

test.each([
  ["interact", { session_id: "5", agent_response: { content: "x" } }],
  ["interact", { session_id: true, agent_response: { content: "x" } }],
  ["interact", { session_id: 5, agent_response: { content: 5 } }],
  ["interact", { session_id: 5, agent_response: { content: true } }],
  ["cancel", { session_id: 5.5 }],
  ["start_sample", { name: 5, index: 5 }],
  ["start_sample", { name: task, index: 0.5 }],
  ["start_sample", { name: task, index: true }],
  ["calculate_overall", { name: task, results: [{ index: 1.5 }] }],
  ["receive_heartbeat", { name: "n", address: "a", concurrency: "4", indices: [0] }],
  ["receive_heartbeat", { name: "n", address: "a", concurrency: 4, indices: [true] }],
])(row("D-03", "%s %j"), async (route, body) => {
  expect((await client.post(route, body)).status).toBe(422);
});

test(row("D-04"), async () => {
  const fake = await registered();
  fake.script["POST /api/start_sample"] = ({ session_id }: { session_id: number }) => {
    const output = { index: 0, status: "completed", result: { index: "5", right: "yes", share: 0.5 }, history: [] };
    return ok({ session_id, output });
  };
  const { json } = await start(0, fake.task);
  expect(json).toMatchObject({ output: { result: { index: "5", right: "yes", share: 0.5 } } });
});

test.each(["controller", "worker"] as const)(row("D-05", "%s"), async (which) => {
  const peer = new Peer(which === "controller" ? controller : worker.address);
  const route = which === "controller" ? "cancel_all" : "start_sample";
  const big = Buffer.alloc(1024 * 1024 + 1, "x");
  for (const path of [route, "interact"]) {
    const { status, json } = await peer.send("POST", path, { bytes: big });
    expect(status).toBe(413);
    expect((json as { detail: string }).detail).toContain("1048576 bytes");
  }
  const fits = await peer.post("cancel", { session_id: 1, padding: "x".repeat(1024 * 1024 - 100) });
  expect(fits.status).toBe(400);
});

test.each([
  ["start_sample", JSON.stringify({ name: [secret], index: { [secret]: secret } })],
  ["start_sample", JSON.stringify({ name: task, [secret]: 1 })],
  ["start_sample", `{"name": "${secret}"`],
  ["start_sample", `{"name": ${secret}}`],
  ["start_sample", secret],
  ["interact", JSON.stringify({ session_id: secret, agent_response: secret })],
  ["interact", JSON.stringify({ session_id: 1, agent_response: { status: secret, content: [secret] } })],
  ["interact", JSON.stringify({ session_id: 1, agent_response: [secret] })],
  ["receive_heartbeat", JSON.stringify({ name: secret, address: secret, concurrency: secret, indices: [[secret]] })],
  ["receive_heartbeat", JSON.stringify({ name: secret, address: secret, concurrency: -1, indices: [0] })],
  [
    "calculate_overall",
    JSON.stringify({ name: task, results: [{ index: [secret], status: secret, history: [secret] }] }),
  ],
  ["calculate_overall", JSON.stringify({ name: task, results: [{ history: [{ role: secret, content: 5 }] }] })],
])(row("D-06", "%s %j"), async (route, bytes) => {
  const reply = await client.send("POST", route, { bytes });
  expect(reply.status).toBe(422);
  expect(JSON.stringify([reply.headers, reply.text])).not.toContain(secret);
});

test(row("D-07"), async () => {
  const session_id = idOf(await start("hang-later c"));
  const first = say(session_id);
  const atWorker = new Peer(worker.address);
  await waitUntil("the turn to be executed", async () => {
    const { json } = await atWorker.post("sample_status", { session_id });
    return (json as { status: { waiting_for_env: boolean } }).status.waiting_for_env;
  });
  const since = performance.now();
  const busy = 'Error: Worker returned error\n{"detail":"Task Executing, please do not send new request."}';
  expect(statusAndJson(await say(session_id, { content: "another" }))).toEqual([400, { detail: busy }]);
  const ours = new Peer(controller, { "x-eval-features": "replay", "x-eval-instance": "0".repeat(32) });
  const turn = { session_id, agent_response: { content: "another" }, turn: 2, wait_ms: 30_000 };
  expect(await ours.post("interact", turn)).toMatchObject({ status: 409, json: { code: "TURN_CONFLICT" } });
  // Whoever waited for the turn would wait for 30 s, or for good.
  expect(performance.now() - since).toBeLessThan(15_000);
  await start("release c");
  expect((await first).json).toMatchObject({ output: { status: "completed", result: "released" } });
});

test(row("D-08"), async () => {
  const stuck = await registered();
  for (const route of ["start_sample", "interact", "calculate_overall"])
    stuck.script[`POST /api/${route}`] = () => "hang";
  const waiting = [
    start(0, stuck.task),
    client.post("calculate_overall", { name: stuck.task, results: [] }),
    start(1, stuck.task),
  ];
  for (const one of waiting) one.catch(() => {});
  await waitUntil(
    "the calls",
    () => stuck.of("start_sample").length === 2 && stuck.of("calculate_overall").length === 1,
  );
  stuck.script["GET /api/get_sessions"] = () => "hang";
  const sync = client.send("POST", "sync_all");
  sync.catch(() => {});
  const since = performance.now();
  const session_id = idOf(await start("turns 1"));
  expect((await say(session_id)).status).toBe(200);
  for (const route of ["list_workers", "list_sessions", `get_indices?name=${stuck.task}`]) {
    expect((await client.get(route)).status).toBe(200);
  }
  expect((await client.post("calculate_overall", { name: task, results: [] })).status).toBe(200);
  // Whoever waited for the stuck worker would wait for at least 5 s, the least that a call to a worker may take.
  expect(performance.now() - since).toBeLessThan(4_500);
});
