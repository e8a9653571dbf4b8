import { randomId } from "@eval/protocol";
import { waitFor } from "@eval/protocol/testing";
import { expect, test } from "vitest";
import { echoSource, startBin, writeTask } from "./child.js";
import { connect, echoTask, get, onlyWorker, post, say, startController, startWorker } from "./testbed.js";

const start = (changes: object = {}) => ({ name: "echo", index: 0, request_id: randomId(), ...changes });

test("a controller that is killed with -9 and restarted on its port loses none of our sessions", async () => {
  const first = await startBin("controller", ["-p", "0"]);
  const task = echoTask();
  await startWorker(first.address, { task });
  const client = connect(first.address);
  const { session_id } = (await client.startSample(start({ owner: "r/1", lease_s: 60 }))).value;
  const turn = (number: number, content: string) =>
    client.interact({ session_id, agent_response: say(content), turn: number, wait_ms: 5_000 });
  await turn(1, "a");
  await first.end("SIGKILL");
  await startBin("controller", ["-p", String(first.port)]);
  // Until the worker is back the answer is 503 RECOVERING: never that there is no such session.
  const again = await waitFor(() =>
    turn(2, "b").catch((error) => {
      if (error.code !== "RECOVERING" && error.code !== "UNREACHABLE") throw Object.assign(error, { fatal: true });
      return undefined;
    }),
  );
  expect([again.value.output.status, task.heard]).toEqual(["completed", ["a", "b"]]);
  await waitFor(async () => (await onlyWorker(client)).current === 0);
});

test("a session that ended while no controller was running still has its last reply", async () => {
  const first = await startController();
  const task = echoTask({ rounds: 1 });
  await startWorker(first.address, { task });
  const client = connect(first.address);
  const { session_id } = (await client.startSample(start())).value;
  const request = { session_id, agent_response: say("a"), turn: 1, wait_ms: 5_000 };
  const reply = (await client.interact(request)).value;
  await first.stop();
  await startController({ port: first.port });
  await waitFor(() => onlyWorker(client));
  expect((await client.interact(request)).value).toEqual(reply);
  expect(task.heard).toEqual(["a"]);
});

test("in the recovery window our clients are asked to wait and v0.2 clients get v0.2's errors; afterwards all get these errors", async () => {
  const { address } = await startController({ recoveryWindowMs: 600 });
  const client = connect(address);
  const recovering = { code: "RECOVERING", status: 503, retryAfterMs: 1_000 };
  const calls = [
    () => client.startSample(start()),
    () => client.interact({ session_id: 5, agent_response: say("a"), turn: 1 }),
    () => client.cancel({ session_id: 5 }),
    () => client.getIndices({ name: "echo" }),
  ];
  for (const call of calls) await expect(call()).rejects.toMatchObject(recovering);
  expect((await post(address, "start_sample", { name: "echo", index: 0 })).status).toBe(406);
  expect((await post(address, "cancel", { session_id: 5 })).status).toBe(400);
  await waitFor(() => client.getIndices({ name: "echo" }).catch(({ code }) => code === "TASK_NOT_FOUND"));
  for (const call of calls) await expect(call()).rejects.toMatchObject({ code: /NOT_FOUND/ });
});

test("an adopted session keeps its owner and its lease", async () => {
  const first = await startController();
  await startWorker(first.address);
  const client = connect(first.address);
  await client.startSample(start({ owner: "r/1", lease_s: 60 }));
  await first.stop();
  await startController({ port: first.port });
  await waitFor(() => onlyWorker(client));
  expect((await client.renew({ owner: "r/1", lease_s: 60 })).value).toEqual({ sessions: 1 });
});

test("when a worker restarts at its address, its old sessions are dropped immediately and its whole capacity is free", async () => {
  const { address } = await startController();
  const config = await writeTask(echoSource);
  const args = ["echo", "-c", config, "-C", address, "--heartbeat", "0.2"];
  const first = await startBin("worker", [...args, "-p", "0"]);
  const client = connect(address);
  await waitFor(() => onlyWorker(client));
  const { session_id } = (await client.startSample(start())).value;
  expect((await onlyWorker(client)).current).toBe(1);
  await first.end("SIGKILL");
  await startBin("worker", [...args, "-p", String(first.port)]);
  await waitFor(async () => (await onlyWorker(client)).current === 0);
  expect(await onlyWorker(client)).toMatchObject({ capacity: 3, status: 0 });
  expect((await client.listSessions(undefined)).value).toEqual({});
  const turn = client.interact({ session_id, agent_response: say("a"), turn: 1 });
  await expect(turn).rejects.toMatchObject({ code: "SESSION_NOT_FOUND" });
});

test("a late heartbeat of a process that has ended changes nothing", async () => {
  const { address } = await startController();
  const worker = await startWorker(address);
  const client = connect(address);
  await client.startSample(start());
  const late = { name: "echo", address: worker.address, concurrency: 9, indices: [0, 1, 2, "3"], incarnation: "gone" };
  const reply = await post(address, "receive_heartbeat", late);
  expect(reply).toMatchObject({
    status: 400,
    body: { detail: expect.stringMatching(/^Error: Worker status abnormal/) },
  });
  expect(await onlyWorker(client)).toMatchObject({ capacity: 4, current: 1 });
});

test("a worker that cannot be called back is rejected with a message that names --self", async () => {
  const { address } = await startController();
  const beat = { name: "echo", address: "http://127.0.0.1:9/api", concurrency: 1, indices: [0], incarnation: "x" };
  const reply = await post(address, "receive_heartbeat", beat, { "x-eval-instance": "x" });
  expect(reply).toMatchObject({
    status: 400,
    body: { code: "WORKER_ABNORMAL", detail: expect.stringContaining("--self") },
  });
  expect((await get(address, "list_workers")).body).toEqual({});
});

test("a suspended worker does not delay answers about other workers, and gets no sessions", async () => {
  const { address } = await startController({ comaAfterMs: 1_000 });
  const config = await writeTask(echoSource, "asleep");
  const suspended = await startBin("worker", ["asleep", "-c", config, "-C", address, "-p", "0", "--heartbeat", "0.2"]);
  await startWorker(address);
  const client = connect(address);
  await waitFor(() => onlyWorker(client, "asleep"));
  const stuck = (await client.startSample({ ...start(), name: "asleep" })).value;
  suspended.process.kill("SIGSTOP");
  const hanging = client.interact({ session_id: stuck.session_id, agent_response: say("a"), turn: 1, wait_ms: 100 });
  const outcome = hanging.catch((error) => error);
  const before = performance.now();
  const { session_id } = (await client.startSample(start())).value;
  for (const turn of [1, 2]) {
    await client.interact({ session_id, agent_response: say("a"), turn, wait_ms: 1_000 });
  }
  await client.listWorkers({});
  await client.listSessions(undefined);
  await expect(client.cancel({ session_id: 5 })).rejects.toMatchObject({ code: "SESSION_NOT_FOUND" });
  // Whoever waited for the suspended one would wait for at least 5 s, the least that a call to a worker may take.
  expect(performance.now() - before).toBeLessThan(4_500);
  await waitFor(async () => (await onlyWorker(client, "asleep")).status !== 0);
  await expect(client.startSample({ ...start(), name: "asleep" })).rejects.toMatchObject({ status: 406 });
  suspended.process.kill("SIGCONT");
  await waitFor(async () => (await onlyWorker(client, "asleep")).status === 0);
  // The turn was only delayed: its session is still there.
  const first = await outcome;
  const again = await client.interact({
    session_id: stuck.session_id,
    agent_response: say("a"),
    turn: 1,
    wait_ms: 5_000,
  });
  expect(again.value.output.status).toBe("running");
  expect(first).toBeDefined();
});

test("a new worker with different indices is rejected with digests and counts", async () => {
  const { address } = await startController();
  await startWorker(address);
  const other = await startWorker(address, { task: echoTask({ getIndices: () => [0, 1] }), mayWait: true });
  const beat = { name: "echo", address: other.address, concurrency: 4, indices: [0, 1] };
  const reply = await post(address, "receive_heartbeat", beat, { "x-eval-instance": "x" });
  const detail = expect.stringMatching(/different indices: echo has 4 \([0-9a-f]+\) at .*brings 2 \([0-9a-f]+\)/);
  expect(reply).toMatchObject({ status: 400, body: { code: "INDICES_MISMATCH", detail } });
  expect(other.registered).toBe(false);
});
