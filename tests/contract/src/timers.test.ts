import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { Peer, statusAndJson } from "./peer.js";
import { type OwnProcess, runToEnd, startController, startWorker } from "./processes.js";
import { RecordingServer } from "./recording-server.js";
import { row } from "./rows.js";
import { ok, ScriptedWorker } from "./scripted-worker.js";
import { waitUntil } from "./wait-until.js";

const patient = inject("controller");
/** Address of a controller that waits for nothing longer than a second. */
let impatient: string;
/** Address of a controller that expires sessions after a second, and waits for workers as long as usual. */
let forgetful: string;
/** Ends what the tests have started. */
const ends: (() => Promise<void>)[] = [];

beforeAll(async () => {
  const flags = ["coma-after", "session-expire", "worker-timeout", "overall-timeout"].flatMap((name) => [
    `--${name}`,
    "1",
  ]);
  impatient = (await owned(startController(flags))).address;
  forgetful = (await owned(startController(["--session-expire", "1"]))).address;
});

afterAll(() => Promise.all(ends.map((end) => end())));

async function owned(starting: Promise<OwnProcess>): Promise<OwnProcess> {
  const running = await starting;
  ends.push(() => running.kill());
  return running;
}

async function registered(controller: string): Promise<ScriptedWorker> {
  const worker = await ScriptedWorker.start();
  ends.push(() => worker.close());
  expect(statusAndJson(await worker.register(controller))).toEqual([200, null]);
  return worker;
}

/** A running session of a worker. */
async function started(controller: string) {
  const worker = await registered(controller);
  const client = new Peer(controller);
  const { json } = await client.post("start_sample", { name: worker.task, index: 0 });
  return { worker, client, session_id: (json as { session_id: number }).session_id };
}

async function livenessOf(controller: string, task: string): Promise<number | undefined> {
  type Tasks = Record<string, { workers: Record<string, { status: number }> }>;
  const tasks = (await new Peer(controller).get("list_workers")).json as Tasks;
  return Object.values(tasks[task]?.workers ?? {})[0]?.status;
}

/** Seconds that a promise takes. */
async function secondsOf(promise: Promise<unknown>): Promise<number> {
  const since = performance.now();
  await promise;
  return (performance.now() - since) / 1000;
}

const notResponding = { status: 400, json: { detail: expect.stringMatching(/^Error: Worker not responding\n./) } };

/**
 * What is only to be had by waiting for it: all at once. The lower bounds are exact; the upper ones are wide, since a
 * busy machine is late, and hold against another order of magnitude.
 */
describe.concurrent("in time", () => {
  test(row("C-70"), async () => {
    const { task } = await registered(patient);
    const coma = waitUntil("the coma", async () => (await livenessOf(patient, task)) === 1, 30_000);
    const seconds = await secondsOf(coma);
    expect(seconds).toBeGreaterThan(10.5);
    expect(seconds).toBeLessThan(30);
    const reply = await new Peer(patient).post("start_sample", { name: task, index: 0 });
    expect(statusAndJson(reply)).toEqual([406, { detail: "Error: No workers available" }]);
  });

  test(row("C-71"), async () => {
    const worker = await registered(impatient);
    await worker.close();
    await waitUntil("its death", async () => (await livenessOf(impatient, worker.task)) === 2, 30_000);
    const reply = await new Peer(impatient).post("calculate_overall", { name: worker.task, results: [] });
    expect(statusAndJson(reply)).toEqual([400, { detail: "Error: No workers available" }]);
  });

  test(row("C-72"), async () => {
    const { code, output } = await runToEnd("controller", ["--help"]);
    expect(code).toBe(0);
    expect(output).toMatch(/--worker-timeout <seconds>[^-]*\(default:\s+240\)/);
    expect(output).toMatch(/--coma-after <seconds>[^-]*\(default:\s+11\)/);
    expect(output).toMatch(/--session-expire <seconds>[^-]*-?[^-]*\(default:\s+1800\)/);
  });

  test(row("C-73"), async () => {
    const { worker, client, session_id } = await started(patient);
    worker.script["POST /api/cancel"] = () => "hang";
    const cancel = client.post("cancel", { session_id });
    const seconds = await secondsOf(cancel);
    expect(await cancel).toMatchObject(notResponding);
    expect(seconds).toBeGreaterThan(4.5);
    expect(seconds).toBeLessThan(30);
  });

  test.each([
    [row("C-16", "no answer in time"), "start_sample"],
    [row("C-64", "no answer in time"), "calculate_overall"],
  ])("%s", async (_title, route) => {
    const worker = await registered(impatient);
    worker.script[`POST /api/${route}`] = () => "hang";
    const body = { name: worker.task, index: 0, results: [] };
    expect(await new Peer(impatient).post(route, body)).toMatchObject(notResponding);
  });

  test(row("C-23", "no answer in time"), async () => {
    const { worker, client, session_id } = await started(impatient);
    worker.script["POST /api/interact"] = () => "hang";
    const turn = client.post("interact", { session_id, agent_response: { content: "x" } });
    expect(await turn).toMatchObject(notResponding);
  });

  test(row("D-14"), async () => {
    const { worker, session_id } = await started(forgetful);
    await waitUntil("the session's end", () => worker.of("cancel").length > 0);
    expect(worker.bodies("cancel")).toContainEqual({ session_id });
  });

  test(row("W-60"), async () => {
    const controller = new RecordingServer({ "POST /api/receive_heartbeat": () => ok(null) });
    ends.push(() => controller.close());
    await controller.listen();
    const indices = [0, "one", 2];
    const options = { controller: controller.address, indices, concurrency: 3 };
    const worker = await owned(startWorker("timed", options));
    const beats = await waitUntil("two heartbeats", () => {
      const all = controller.of("receive_heartbeat");
      return all.length >= 2 && all;
    });
    const [first, second] = beats.map(({ at }) => at / 1000) as [number, number];
    expect(second - first).toBeGreaterThan(7.5);
    expect(second - first).toBeLessThan(16);
    const whole = { name: "timed", address: worker.address, concurrency: 3, indices };
    for (const { headers, bytes } of beats) {
      expect(headers["content-type"]).toBe("application/json");
      expect(JSON.parse(bytes.toString())).toMatchObject(whole);
    }
  });

  test(row("W-33"), async () => {
    const worker = await owned(startWorker("stubborn", { indices: ["hang-later x"] }));
    const client = new Peer(worker.address);
    await client.post("start_sample", { index: "hang-later x", session_id: 3 });
    const turn = client.post("interact", { session_id: 3, agent_response: { content: "go" } });
    turn.catch(() => {});
    await waitUntil("the task's turn", async () => {
      const { json } = await client.post("sample_status", { session_id: 3 });
      return (json as { status?: { waiting_for_env: boolean } }).status?.waiting_for_env;
    });
    const cancel = client.post("cancel", { session_id: 3 });
    expect(await secondsOf(cancel)).toBeLessThan(5);
    expect(statusAndJson(await cancel)).toEqual([200, { session_id: 3 }]);
  });
});
