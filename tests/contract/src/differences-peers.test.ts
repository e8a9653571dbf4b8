import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { Peer, type Reply, statusAndJson } from "./peer.js";
import { type OwnProcess, runToEnd, startController, startWorker } from "./processes.js";
import { RecordingServer } from "./recording-server.js";
import { row } from "./rows.js";
import { ok, ScriptedWorker } from "./scripted-worker.js";
import { waitUntil } from "./wait-until.js";

const shared = inject("controller");
/** A worker on the loopback, of a v0.2 controller. */
let worker: OwnProcess;
const controller = new RecordingServer({ "POST /api/receive_heartbeat": () => ok(null) });
const indices = ["turns 1", "raise-later no disk"];
/** Ends what the tests have started. */
const ends: (() => Promise<void>)[] = [() => controller.close()];

beforeAll(async () => {
  await controller.listen();
  const flags = ["--heartbeat", "0.2"];
  worker = await owned(startWorker("old", { controller: controller.address, indices, concurrency: 2, flags }));
});

afterAll(() => Promise.all(ends.map((end) => end())));

async function owned(starting: Promise<OwnProcess>): Promise<OwnProcess> {
  const running = await starting;
  ends.push(() => running.kill());
  return running;
}

async function fakeWorker(): Promise<ScriptedWorker> {
  const fake = await ScriptedWorker.start();
  ends.push(() => fake.close());
  return fake;
}

/** The same port at another address of this machine: on Linux, all of 127.0.0.0/8 is the loopback's. */
const beyond = (address: string) => new Peer(address.replace("localhost", "127.0.0.2"));

/** Headers that a reply or a request of ours has beyond what HTTP itself needs. */
function unusual(headers: object): string[] {
  const usual = ["content-type", "content-length", "connection", "date", "keep-alive", "host", "transfer-encoding"];
  return Object.keys(headers).filter((name) => !usual.includes(name) && !name.startsWith("x-eval-"));
}

describe("between peers", () => {
  test.each(["controller", "worker"] as const)(row("D-11", "%s"), async (which) => {
    const name = which === "worker" ? ["name"] : [];
    const { code, output } = await runToEnd(which, [...name, "--host", "0.0.0.0", "-p", "0"]);
    expect(code).toBe(2);
    expect(output).toContain("--token");
  });

  test(row("D-12"), async () => {
    const flags = ["--host", "0.0.0.0", "--token", "t0ken"];
    const open = await owned(startController(flags));
    const guarded = await owned(startWorker("tokens", { controller: open.address, indices: [0], flags }));
    const basic = (text: string) => `Basic ${Buffer.from(text).toString("base64")}`;
    const ask = (address: string, headers: Record<string, string>) =>
      new Peer(address, headers).get("get_indices?name=tokens");
    for (const { address } of [open, guarded]) {
      expect((await ask(address, {})).headers["www-authenticate"]).toContain("Basic");
      for (const wrong of ["Bearer wrong", "Bearer t0ken2", basic("t0ken:wrong"), "t0ken"]) {
        expect((await ask(address, { authorization: wrong })).status).toBe(401);
      }
    }
    // Also where nobody can be refused by the loopback any more.
    if (process.platform === "linux") expect((await beyond(open.address).get("list_workers")).status).toBe(401);
    const bearer = { authorization: "Bearer t0ken" };
    await waitUntil("the registration", async () => (await ask(open.address, bearer)).status === 200, 30_000);
    // As v0.2's clients would: from inside their URL.
    expect((await ask(open.address.replace("//", "//anybody:t0ken@"), {})).status).toBe(200);
    expect((await ask(guarded.address, { authorization: basic("x:t0ken") })).status).toBe(200);
  });

  test.runIf(process.platform === "linux")(row("D-10"), async () => {
    for (const address of [shared, worker.address]) {
      expect((await new Peer(address).get("get_indices?name=x")).status).toBeLessThan(500);
      await expect(beyond(address).get("get_indices?name=x")).rejects.toMatchObject({ code: "ECONNREFUSED" });
    }
  });

  test(row("D-13"), async () => {
    const fake = await fakeWorker();
    const ids: number[] = [];
    for (let run = 0; run < 2; run++) {
      const own = await startController();
      try {
        fake.sessions.clear();
        expect((await fake.register(own.address, { concurrency: 50 })).status).toBe(200);
        const client = new Peer(own.address);
        const starts = Array.from({ length: 25 }, () => client.post("start_sample", { name: fake.task, index: 0 }));
        for (const { json } of await Promise.all(starts)) ids.push((json as { session_id: number }).session_id);
      } finally {
        await own.kill();
      }
    }
    expect(new Set(ids).size).toBe(50);
    expect(ids.every((id) => Number.isSafeInteger(id) && id >= 0)).toBe(true);
    const sorted = [...ids].sort((a, b) => a - b);
    const gaps = sorted.slice(1).map((id, position) => id - (sorted[position] as number));
    // 50 of 2^53: by chance alone, two are within a million of each other once in millions of runs.
    expect(Math.min(...gaps)).toBeGreaterThan(1_000_000);
  });

  test(row("D-15"), async () => {
    const fake = await fakeWorker();
    const ours = new Peer(shared, { "x-eval-features": "replay", "x-eval-instance": "1".repeat(32) });
    await fake.register(shared);
    const extensions = { request_id: "2".repeat(32), owner: "run/client", lease_s: 60 };
    const { json } = await ours.post("start_sample", { name: fake.task, index: 0, ...extensions });
    const { session_id, features } = json as { session_id: number; features: string[] };
    expect(features).toEqual([]);
    await ours.post("interact", { session_id, agent_response: { content: "x" }, turn: 1, wait_ms: 100 });
    const second = await ours.post("start_sample", { name: fake.task, index: 1 });
    await ours.post("cancel", { session_id: (second.json as { session_id: number }).session_id });
    const results = [{ index: 0, status: "completed", result: 1, history: null }];
    const headers = { "content-type": "application/x-ndjson" };
    const bytes = `${JSON.stringify(results[0])}\n`;
    await ours.send("POST", `calculate_overall?name=${fake.task}`, { bytes, headers });
    const agent_response = { status: "normal", content: "x" };
    expect(fake.bodies("start_sample")[0]).toEqual({ index: 0, session_id });
    expect(fake.bodies("interact")).toEqual([{ session_id, agent_response }]);
    expect(fake.bodies("cancel")).toEqual([{ session_id: (second.json as { session_id: number }).session_id }]);
    expect(fake.bodies("calculate_overall")).toEqual([{ name: fake.task, results }]);
    const known = ["get_sessions", "start_sample", "interact", "cancel", "calculate_overall"];
    expect(fake.recorded.map(({ url }) => url.slice("/api/".length)).filter((url) => !known.includes(url))).toEqual([]);
    expect(fake.recorded.flatMap((one) => unusual(one.headers))).toEqual([]);
  });

  test(row("D-16"), async () => {
    await waitUntil("three heartbeats", () => controller.recorded.length >= 3, 30_000);
    const required = { name: "old", address: worker.address, concurrency: 2, indices };
    for (const body of controller.bodies("receive_heartbeat")) expect(body).toMatchObject(required);
    expect(controller.recorded.filter(({ url }) => url !== "/api/receive_heartbeat")).toEqual([]);
    expect(controller.recorded.flatMap(({ headers }) => unusual(headers))).toEqual([]);
    const peer = new Peer(worker.address);
    const keys = (reply: Reply) => Object.keys(reply.json as object).sort();
    const start = (index: string) => peer.post("start_sample", { index, session_id: 0 });
    const say = () => peer.post("interact", { session_id: 0, agent_response: { content: "x" } });
    const begun = await start("turns 1");
    expect(keys(begun)).toEqual(["output", "session_id"]);
    expect(keys(await peer.get("worker_status"))).toEqual(["concurrency", "current"]);
    const turn = await say();
    expect(keys(turn)).toEqual(["output", "session_id"]);
    expect(statusAndJson(await peer.post("cancel", { session_id: 0 }))).toEqual([400, { detail: "No such session" }]);
    // v0.2's controller counts from 0 again after a restart.
    expect((await start("raise-later no disk")).status).toBe(200);
    const raised = await say();
    expect([raised.status, keys(raised)]).toEqual([501, ["detail"]]);
    for (const reply of [begun, turn, raised]) expect(unusual(reply.headers)).toEqual([]);
  });
});
