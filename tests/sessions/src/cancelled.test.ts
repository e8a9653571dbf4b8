import { randomId } from "@eval/protocol";
import { waitFor } from "@eval/protocol/testing";
import { expect, test } from "vitest";
import { type Client, connect, echoTask, onlyWorker, post, say, startController, startWorker } from "./testbed.js";
import { V02Worker } from "./v02-worker.js";

/** A task of one question whose turn is under way until it is released; it completes, canceled or not. */
function heldTask() {
  const task = echoTask({ rounds: 1 });
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  task.think = () => held;
  return { task, release };
}

const cancelled = { code: "SESSION_CANCELLED", status: 400 };

/** A session whose first turn is under way. */
async function inTurn(client: Client, task: { heard: string[] }) {
  const { session_id } = (await client.startSample({ name: "echo", index: 0, request_id: randomId() })).value;
  const turn = (number: number) =>
    client.interact({ session_id, agent_response: say("a"), turn: number, wait_ms: 20_000 });
  const waiting = turn(1).then(
    ({ value }) => value,
    (error) => error,
  );
  await waitFor(() => task.heard.length === 1);
  return { session_id, turn, waiting };
}

test("when the drain timeout passes during a turn, the turn is answered with an error and has no result", async () => {
  const { address, controller } = await startController();
  const { task, release } = heldTask();
  const worker = await startWorker(address, { task });
  const { session_id, waiting } = await inTurn(connect(address), task);
  const stopped = worker.stop(0);
  await waitFor(() => worker.host.session(session_id).cancelled);
  release();
  expect(await waiting).toMatchObject(cancelled);
  await stopped;
  expect(controller.table.size).toBe(0);
});

test.each(["by itself", "when it is dropped"])("cancel_all during a turn that ends %s", async (end) => {
  const { address, controller } = await startController();
  const { task, release } = heldTask();
  const worker = await startWorker(address, { task, cancelDeadlineMs: end === "by itself" ? 30_000 : 50 });
  const client = connect(address);
  const { session_id, turn, waiting } = await inTurn(client, task);
  const canceling = client.cancelAll(undefined);
  await waitFor(() => worker.host.current === 0 || worker.host.session(session_id).cancelled);
  if (end === "by itself") release();
  expect(await waiting).toMatchObject(cancelled);
  expect((await canceling).value).toBe(null);
  await waitFor(() => controller.table.size === 0);
  expect((await onlyWorker(client)).current).toBe(0);
  // The session is not known to the controller any more; its worker still knows what became of it.
  for (const number of [1, 2]) await expect(turn(number)).rejects.toMatchObject(cancelled);
  release();
  await expect(turn(1)).rejects.toMatchObject(cancelled);
});

test("a cancel from another client: its caller gets v0.2's reply, and the client that waits for the turn an error", async () => {
  const { address } = await startController();
  const { task, release } = heldTask();
  const worker = await startWorker(address, { task });
  const client = connect(address);
  const { session_id, waiting } = await inTurn(client, task);
  const canceling = client.cancel({ session_id });
  await waitFor(() => worker.host.session(session_id).cancelled);
  release();
  expect((await canceling).value).toEqual({ session_id });
  expect(await waiting).toMatchObject(cancelled);
});

test("a session that its worker canceled on its own: the next turn or a repeated start reports this and frees its slot", async () => {
  const { address, controller } = await startController();
  const worker = await startWorker(address, { heartbeatMs: 60_000 });
  const client = connect(address);
  const start = { name: "echo", index: 0, request_id: randomId() };
  const request = { agent_response: say("a"), turn: 1, wait_ms: 5_000 };
  for (const ask of [client.startSample, client.interact]) {
    start.request_id = randomId();
    const { session_id } = (await client.startSample(start)).value;
    await worker.host.cancel(session_id);
    expect(controller.table.size).toBe(1);
    await expect(ask({ ...start, ...request, session_id })).rejects.toMatchObject(cancelled);
    expect(controller.table.size).toBe(0);
  }
});

test.each(["controller", "worker"])("a v0.2 client that asks our %s gets a 400 of v0.2", async (whom) => {
  const { address } = await startController();
  const { task, release } = heldTask();
  const worker = await startWorker(address, { task });
  const asked = whom === "controller" ? address : worker.address;
  const start = whom === "controller" ? { name: "echo", index: 0 } : { session_id: 5, index: 0 };
  const { session_id } = (await post(asked, "start_sample", start)).body as { session_id: number };
  const waiting = post(asked, "interact", { session_id, agent_response: { content: "a" } });
  await waitFor(() => task.heard.length === 1);
  const canceling = post(asked, "cancel", { session_id });
  await waitFor(() => worker.host.session(session_id).cancelled);
  release();
  const ofWorker = { detail: "The session was canceled before its turn was over" };
  const detail =
    whom === "controller" ? `Error: Worker returned error\n${JSON.stringify(ofWorker)}` : "No such session";
  expect(await waiting).toMatchObject({ status: 400, body: { detail } });
  expect(await canceling).toMatchObject({ status: 200, body: { session_id } });
});

test("a v0.2 worker's reply to a turn whose session was canceled meanwhile is not a result either", async () => {
  const { address, controller } = await startController();
  const worker = await V02Worker.start();
  await worker.register(address);
  const output = { index: 0, status: "completed", result: 1, history: [] };
  worker.routes["/api/interact"] = ({ session_id }) => [200, { session_id, output }];
  for (const client of ["ours", "v0.2"]) {
    const { session_id } = (await post(address, "start_sample", { name: "echo", index: 0 })).body as never;
    const answer = worker.hold("/api/interact");
    const request = { session_id, agent_response: say("a") };
    const instance = { "x-eval-instance": "i", "x-eval-features": "" };
    const waiting = post(address, "interact", request, client === "ours" ? instance : {});
    await waitFor(() => worker.requests.at(-1)?.path === "/api/interact");
    await connect(address).cancel({ session_id });
    answer();
    const detail = client === "ours" ? /canceled before its turn/ : /^Error: Session does not exist$/;
    const code = client === "ours" ? { code: "SESSION_CANCELLED" } : {};
    const body = { ...code, detail: expect.stringMatching(detail) };
    expect(await waiting).toMatchObject({ status: 400, body });
    expect(controller.table.size).toBe(0);
  }
});

test("a v0.2 worker's reply to a start that was canceled meanwhile is rejected, and its session on the worker is ended", async () => {
  const { address, controller } = await startController();
  const worker = await V02Worker.start();
  await worker.register(address);
  const client = connect(address);
  const answer = worker.hold("/api/start_sample");
  const starting = client.startSample({ name: "echo", index: 0, request_id: randomId() });
  const refused = expect(starting).rejects.toMatchObject(cancelled);
  await waitFor(() => worker.requests.at(-1)?.path === "/api/start_sample");
  const [record] = controller.table.all();
  // The worker does not know it yet: this says nothing of what the start will leave there.
  await client.cancel({ session_id: record?.id ?? 0 });
  answer();
  await refused;
  await waitFor(() => controller.table.size === 0);
  expect(worker.sessions.size).toBe(0);
});
