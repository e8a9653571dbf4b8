import { setImmediate } from "node:timers/promises";
import type { RunningController } from "@eval/controller";
import { randomId } from "@eval/protocol";
import { waitFor } from "@eval/protocol/testing";
import { expect, test } from "vitest";
import { connect, echoTask, onlyWorker, post, say, startController, startWorker } from "./testbed.js";

/** Puts a controller's clock forward: what it lives through takes no time here, and no busy machine stretches it. */
function passTime({ clock }: RunningController["controller"], ms: number): void {
  const now = clock.now.bind(clock);
  clock.now = () => now() + ms;
}

const start = (changes: object = {}) => ({ name: "echo", index: 0, request_id: randomId(), ...changes });

test("an expired lease ends the session on its worker", async () => {
  const { address } = await startController();
  const worker = await startWorker(address);
  const client = connect(address);
  await client.startSample(start({ owner: "r/1", lease_s: 0.2 }));
  const kept = (await client.startSample(start({ owner: "other/1", lease_s: 60 }))).value;
  await waitFor(() => worker.host.current === 1);
  await waitFor(async () => (await onlyWorker(client)).current === 1);
  expect(Object.keys((await client.listSessions(undefined)).value)).toEqual([String(kept.session_id)]);
});

test("turns that arrive keep the lease while renewals do not", async () => {
  const { address, controller } = await startController({ comaAfterMs: 60_000 });
  await startWorker(address, { task: echoTask({ rounds: 50 }) });
  const client = connect(address);
  const lease_s = 20;
  const { session_id } = (await client.startSample(start({ owner: "r/1", lease_s }))).value;
  for (let turn = 1; turn <= 5; turn++) {
    // More than half of the lease passes for the controller: without the turns it would be over at the second one.
    passTime(controller, lease_s * 600);
    await controller.cleanSessions();
    const request = { session_id, agent_response: say("a"), turn, wait_ms: 5_000 };
    expect((await client.interact(request)).value.output.status).toBe("running");
  }
  passTime(controller, lease_s * 1_100);
  await waitFor(() => controller.table.size === 0);
});

test("a v0.2 client's session ends after the time without a turn", async () => {
  const { address, controller } = await startController({ sessionExpireMs: 30_000, comaAfterMs: 60_000 });
  const worker = await startWorker(address);
  await post(address, "start_sample", { name: "echo", index: 0 });
  expect(worker.host.current).toBe(1);
  passTime(controller, 31_000);
  await waitFor(() => worker.host.current === 0);
});

test("a new client instance of a run ends the sessions of its predecessor, but not the other way round", async () => {
  const { address } = await startController();
  const worker = await startWorker(address);
  const client = connect(address);
  await client.startSample(start({ owner: "run/1", lease_s: 60 }));
  await client.startSample(start({ owner: "else/1", lease_s: 60 }));
  await client.startSample(start({ owner: "run/2", lease_s: 60 }));
  await waitFor(() => worker.host.current === 2);
  expect((await client.renew({ owner: "run/1", lease_s: 60 })).value).toEqual({ sessions: 0 });
  expect((await client.renew({ owner: "run/2", lease_s: 60 })).value).toEqual({ sessions: 1 });
});

test("a lost runner loses only its own sessions", async () => {
  const { address } = await startController();
  const worker = await startWorker(address);
  const client = connect(address);
  const session = async (runner: string) =>
    (await client.startSample(start({ owner: `run/1${runner}`, lease_s: 60 }))).value.session_id;
  const kept = [await session(""), await session("/2.0")];
  await session("/1.0");
  expect(worker.host.current).toBe(3);

  expect((await client.renew({ owner: "run/1/1.0", lease_s: 0.001 })).value).toEqual({ sessions: 1 });

  await waitFor(() => worker.host.current === 2);
  expect((await client.renew({ owner: "run/1/1.0", lease_s: 0.001 })).value).toEqual({ sessions: 0 });
  kept.push(await session("/1.1"));
  expect(Object.keys((await client.listSessions(undefined)).value).sort()).toEqual(kept.map(String).sort());
  await client.startSample(start({ owner: "run/2/1.0", lease_s: 60 }));
  await waitFor(() => worker.host.current === 1);
});

test("a worker without contact for longer than lease and grace ends its sessions itself", async () => {
  const { address, stop } = await startController();
  const worker = await startWorker(address, { graceMs: 200 });
  await connect(address).startSample(start({ owner: "r/1", lease_s: 0.5 }));
  await stop();
  await waitFor(() => worker.host.current === 0);
});

test("a session that is being canceled keeps its capacity until the worker confirms its end", async () => {
  const { address } = await startController();
  const task = echoTask({ concurrency: 1 });
  let release = () => {};
  task.think = () =>
    new Promise<void>((resolve) => {
      release = resolve;
    });
  await startWorker(address, { task });
  const client = connect(address);
  const { session_id } = (await client.startSample(start())).value;
  await client.interact({ session_id, agent_response: say("a"), turn: 1, wait_ms: 20 });
  expect((await client.cancel({ session_id })).value).toEqual({ session_id, pending: true });
  expect((await onlyWorker(client)).current).toBe(1);
  await expect(client.startSample(start())).rejects.toMatchObject({ status: 406 });
  release();
  await waitFor(async () => (await onlyWorker(client)).current === 0);
  expect((await client.startSample(start())).value.output.status).toBe("running");
});

test("a start that is canceled while it is running leaves no session", async () => {
  const { address, controller } = await startController();
  let begin = () => {};
  const task = echoTask();
  const original = task.startSample.bind(task);
  task.startSample = async (index, session) => {
    await new Promise<void>((resolve) => {
      begin = resolve;
    });
    return original(index, session);
  };
  const worker = await startWorker(address, { task });
  const client = connect(address);
  const starting = client.startSample(start());
  const record = await waitFor(() => [...controller.table.all()][0]);
  await waitFor(() => worker.host.current === 1);
  const canceling = client.cancel({ session_id: record.id });
  await waitFor(() => worker.host.session(record.id).cancelled);
  const refused = expect(starting).rejects.toMatchObject({ code: "SESSION_CANCELLED", status: 400 });
  begin();
  await Promise.all([refused, canceling]);
  await waitFor(() => worker.host.current === 0 && controller.table.size === 0);
});

test("cancel_all ends every session of every worker", async () => {
  const { address, controller } = await startController();
  const workers = [await startWorker(address), await startWorker(address)];
  const client = connect(address);
  for (let count = 0; count < 6; count++) await client.startSample(start());
  await client.cancelAll(undefined);
  expect([controller.table.size, ...workers.map(({ host }) => host.current)]).toEqual([0, 0, 0]);
});

test("a worker whose main loop lags, or that drains, gets no new sessions and keeps its existing ones", async () => {
  const { address, controller } = await startController();
  const worker = await startWorker(address, { heartbeatMs: 100 });
  const client = connect(address);
  const { session_id } = (await client.startSample(start())).value;
  const record = await waitFor(() => [...controller.registry.workers()][0]);
  const end = performance.now() + 2_300;
  while (performance.now() < end);
  await waitFor(() => record.loopLagMs > 2_000);
  const drained = worker.stop(10_000);
  await waitFor(() => record.draining);
  await expect(client.startSample(start())).rejects.toMatchObject({ status: 406 });
  expect((await onlyWorker(client)).current).toBe(4);
  for (const turn of [1, 2]) await client.interact({ session_id, agent_response: say("a"), turn, wait_ms: 5_000 });
  await drained;
});

test("after 500 sessions with random failures all capacity is free", async () => {
  const { address, controller } = await startController();
  const task = echoTask({ concurrency: 8 });
  task.think = (content) => {
    if (content === "raise") throw new Error("raised");
  };
  const worker = await startWorker(address, { task });
  const client = connect(address);
  let next = 0;
  const endings: Record<string, number> = {};
  const sample = async (number: number) => {
    const owner = { owner: "r/1", lease_s: number % 25 === 0 ? 0.3 : 60 };
    const begun = await client.startSample(start({ index: number % 3, ...(number % 5 === 0 && owner) }));
    const { session_id } = begun.value;
    const turn = (number: number, content: string, timeoutMs = 10_000) =>
      client.interact({ session_id, agent_response: say(content), turn: number, wait_ms: 5_000 }, { timeoutMs });
    if (number % 7 === 0) return void (await client.cancel({ session_id }));
    if (number % 7 === 1) return void (await turn(1, "raise"));
    if (number % 7 === 2) await turn(2, "wrong turn").catch(() => {});
    if (number % 7 === 3) await turn(1, "a", 1).catch(() => {});
    await turn(1, "a");
    await turn(2, "b");
  };
  const count = (ending: string) => {
    endings[ending] = (endings[ending] ?? 0) + 1;
  };
  const lane = async () => {
    while (next < 500) {
      const number = next++;
      // 12 lanes share 8 slots: a refused sample is tried again, so that each of the 500 takes place.
      const attempt = (): Promise<void> =>
        sample(number).then(
          () => count("done"),
          (error) => (error.status === 406 ? setImmediate().then(attempt) : count(error.code)),
        );
      await attempt();
    }
  };
  await Promise.all(Array.from({ length: 12 }, lane));
  await waitFor(() => controller.table.size === 0);
  expect([worker.host.current, (await onlyWorker(client)).current]).toEqual([0, 0]);
  expect((await client.listSessions(undefined)).value).toEqual({});
  expect(endings.done).toBeGreaterThan(300);
  expect(endings.TASK_ERROR).toBeGreaterThan(50);
});
