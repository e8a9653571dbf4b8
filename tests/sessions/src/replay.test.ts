import { randomId } from "@eval/protocol";
import { waitFor } from "@eval/protocol/testing";
import { expect, test } from "vitest";
import { CuttingProxy } from "./cutting-proxy.js";
import { connect, echoTask, onlyWorker, say, startController, startWorker } from "./testbed.js";

const lost = { code: "UNREACHABLE" };

test("after a lost reply between client and controller, the repeated request gets the same answer and runs only once", async () => {
  const { address, port } = await startController();
  const task = echoTask();
  await startWorker(address, { task });
  const proxy = await CuttingProxy.start(port);
  const client = connect(proxy.address);
  const start = { name: "echo", index: 0, request_id: randomId(), owner: "r/1", lease_s: 60 };
  proxy.cut();
  await expect(client.startSample(start)).rejects.toMatchObject(lost);
  const { session_id } = (await client.startSample(start)).value;
  for (const [turn, content, status] of [
    [1, "a", "running"],
    [2, "b", "completed"],
  ] as const) {
    proxy.cut();
    const request = { session_id, agent_response: say(content), turn, wait_ms: 5_000 };
    await expect(client.interact(request)).rejects.toMatchObject(lost);
    const reply = await client.interact(request);
    expect(reply.value.output.status).toBe(status);
    expect((await client.interact(request)).value).toEqual(reply.value);
  }
  expect([task.heard, proxy.lost]).toEqual([["a", "b"], 3]);
  expect((await onlyWorker(client)).current).toBe(0);
});

test("the controller requests a reply again that was lost between it and the worker", async () => {
  const { address } = await startController();
  const task = echoTask({ rounds: 1 });
  const worker = await startWorker(address, { task, mayWait: true, self: "http://127.0.0.1:9/api" });
  const proxy = await CuttingProxy.start(worker.port);
  // The same worker again, reached through the proxy.
  await worker.stop(0);
  const reachable = await startWorker(address, { task, port: worker.port, self: proxy.address });
  expect(reachable.address).toBe(proxy.address);
  const client = connect(address);
  proxy.cut();
  const { session_id } = (await client.startSample({ name: "echo", index: 0, request_id: randomId() })).value;
  proxy.cut();
  const last = await client.interact({ session_id, agent_response: say("a"), turn: 1, wait_ms: 5_000 });
  expect([last.value.output.status, task.heard, proxy.lost]).toEqual(["completed", ["a"], 2]);
});

test("the same start, sent twice concurrently, opens one session", async () => {
  const { address } = await startController();
  await startWorker(address, { task: echoTask({ concurrency: 1 }) });
  const client = connect(address);
  const start = { name: "echo", index: 0, request_id: randomId() };
  const [first, second] = await Promise.all([client.startSample(start), client.startSample(start)]);
  expect(second.value).toEqual(first.value);
  await expect(client.startSample({ ...start, index: 1 })).rejects.toMatchObject({ code: "SESSION_EXISTS" });
});

test("a start that is repeated after a rejection is placed and counted like a new one", async () => {
  const { address, controller } = await startController();
  await startWorker(address, { task: echoTask({ concurrency: 1 }) });
  const client = connect(address);
  const holder = (await client.startSample({ name: "echo", index: 0, request_id: randomId() })).value;
  const start = { name: "echo", index: 1, request_id: randomId() };
  await expect(client.startSample(start)).rejects.toMatchObject({ code: "NO_WORKERS_AVAILABLE", status: 406 });
  await client.cancel({ session_id: holder.session_id });
  const { session_id } = (await client.startSample(start)).value;
  expect([...controller.table.all()].map(({ id }) => id)).toEqual([session_id]);
});

test("a turn that takes longer than wait_ms is `pending`, is requested again, and runs only once", async () => {
  const { address } = await startController();
  const task = echoTask({ rounds: 1 });
  let release = () => {};
  task.think = () =>
    new Promise<void>((resolve) => {
      release = resolve;
    });
  await startWorker(address, { task });
  const client = connect(address);
  const { session_id } = (await client.startSample({ name: "echo", index: 0, request_id: randomId() })).value;
  const request = { session_id, agent_response: say("a"), turn: 1, wait_ms: 30 };
  expect((await client.interact(request)).value).toMatchObject({
    pending: true,
    turn: 1,
    output: { status: "running" },
  });
  await expect(client.interact({ ...request, agent_response: say("b") })).rejects.toMatchObject({
    code: "TURN_CONFLICT",
    status: 409,
  });
  const waiting = client.interact({ ...request, wait_ms: 20_000 });
  release();
  expect((await waiting).value.output.status).toBe("completed");
  expect(task.heard).toEqual(["a"]);
});

test("stopping is bounded while a client holds a long poll open", async () => {
  const { address, stop } = await startController();
  const task = echoTask({ rounds: 1 });
  task.think = () => new Promise<void>(() => {});
  await startWorker(address, { task, cancelDeadlineMs: 50 });
  const client = connect(address);
  const { session_id } = (await client.startSample({ name: "echo", index: 0, request_id: randomId() })).value;
  const held = client
    .interact({ session_id, agent_response: say("a"), turn: 1, wait_ms: 20_000 })
    .catch((error) => error);
  await waitFor(() => task.heard.length === 1);
  const before = performance.now();
  await stop();
  // Requests under way have 5 s; the long poll alone would take 20 s.
  expect(performance.now() - before).toBeLessThan(15_000);
  expect(await held).toMatchObject(lost);
});
