import { afterAll, beforeAll, beforeEach, expect, inject, test } from "vitest";
import { Peer, statusAndJson } from "./peer.js";
import type { Answer } from "./recording-server.js";
import { row } from "./rows.js";
import { ok, ScriptedWorker } from "./scripted-worker.js";

const controller = inject("controller");
const client = new Peer(controller);
let worker: ScriptedWorker;
let answer: Answer;

beforeAll(async () => {
  worker = await ScriptedWorker.start();
  worker.script["POST /api/calculate_overall"] = () => answer;
});

afterAll(async () => {
  await worker?.close();
});

beforeEach(async () => {
  expect((await worker.register(controller)).status).toBe(200);
  worker.recorded.length = 0;
});

const results = [
  { index: 0, status: "completed", result: { right: true }, history: [{ role: "user", content: "süß" }] },
  { index: "two", status: "task error", result: null, history: null },
];
const calculate = (name: string, list: unknown[] = results) =>
  client.post("calculate_overall", { name, results: list });

test.each([
  [{ score: 0.5, parts: [] }],
  [null],
  [0],
  [-1.5e-7],
  ["süß"],
  [[]],
  [[1, "a", null]],
  [true],
  [false],
  [{}],
])(row("C-60", "%j"), async (overall) => {
  answer = ok(overall);
  const reply = await calculate(worker.task);
  expect([reply.status, reply.text]).toEqual([200, JSON.stringify(overall)]);
});

test(row("C-61"), async () => {
  answer = ok(null);
  await calculate(worker.task);
  expect(worker.bodies("calculate_overall")).toEqual([{ name: worker.task, results }]);
  const sparse = [{ index: 1, status: "unknown", result: [1, "x"], extra: "ignored" }];
  await calculate(worker.task, sparse);
  expect(worker.bodies("calculate_overall")[1]).toEqual({
    name: worker.task,
    results: [{ index: 1, status: "unknown", result: [1, "x"], history: null }],
  });
});

test(row("C-62"), async () => {
  expect(statusAndJson(await calculate("nobody"))).toEqual([400, { detail: "Error: Task does not exist" }]);
});

test.each([
  [500, { status: 500, text: "Internal Server Error" }, "Internal Server Error"],
  [422, { status: 422, json: { detail: [] } }, '{"detail":[]}'],
])(row("C-63", "%i"), async (status, given, text) => {
  answer = given;
  expect(statusAndJson(await calculate(worker.task))).toEqual([
    status,
    { detail: `Error: Worker returned error\n${text}` },
  ]);
});

test(row("C-64", "the connection breaks"), async () => {
  answer = "cut";
  const { status, json } = await calculate(worker.task);
  expect(status).toBe(400);
  expect((json as { detail: string }).detail).toMatch(/^Error: Worker not responding\n./);
});
