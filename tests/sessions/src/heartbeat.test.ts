import { headerNames } from "@eval/protocol";
import { waitFor } from "@eval/protocol/testing";
import { expect, test } from "vitest";
import { HeartbeatTap } from "./heartbeat-tap.js";
import { connect, echoTask, get, onlyWorker, post, startController, startWorker } from "./testbed.js";
import { V02Worker } from "./v02-worker.js";

/** Long enough that what comes at once is told from what comes next, on a busy machine too. */
const intervalMs = 3_000;

const otherIndices = "Error: Task already exists with different indices";

/** Resolves when so many heartbeats have come, with how each gave the indices. */
async function untilBeats(tap: HeartbeatTap, count: number): Promise<string[]> {
  await waitFor(() => tap.heartbeats.length >= count, { what: `${count} heartbeats` });
  return tap.kinds.slice(0, count);
}

/** What v0.2's controller does with a heartbeat, as far as its sender can see. */
function answerAsV02(body: Record<string, unknown>): [number, unknown] {
  const detail = [{ loc: ["body", "indices"], msg: "field required", type: "value_error.missing" }];
  return "indices" in body ? [200, null] : [422, { detail }];
}

function olderAnswer(): [number, unknown, Record<string, string>] {
  return [200, null, { [headerNames.instance]: "an older one", [headerNames.features]: "replay" }];
}

test("a repeated heartbeat of a task with 100,000 indices is below 2 KB, and its changes are applied", async () => {
  const { address, controller } = await startController();
  const tap = await HeartbeatTap.start(address);
  const indices = Array.from({ length: 100_000 }, (_, index) => index);
  const task = echoTask({ getIndices: () => indices });
  await startWorker(tap.address, { task, heartbeatMs: 200 });
  expect(await untilBeats(tap, 3)).toEqual(["whole", "digest", "digest"]);
  expect(tap.heartbeats[0]?.body).toMatchObject({ name: "echo", concurrency: 4, indices });
  expect(tap.heartbeats[0]?.bytes).toBeGreaterThan(500_000);
  for (const { bytes } of tap.heartbeats.slice(1)) expect(bytes).toBeLessThan(2_000);
  expect(controller.task("echo", { features: [], instance: undefined }).indices).toHaveLength(100_000);
  Object.assign(task, { concurrency: 7 });
  const client = connect(address);
  await waitFor(async () => (await onlyWorker(client)).capacity === 7);
  expect(new Set(tap.kinds.slice(1))).toEqual(new Set(["digest"]));
});

test("a restarted controller asks for the indices, and gets them immediately", async () => {
  const first = await startController();
  const tap = await HeartbeatTap.start(first.address);
  const worker = await startWorker(tap.address, { heartbeatMs: intervalMs });
  await untilBeats(tap, 1);
  const second = await startController();
  tap.target = second.address;
  const before = tap.heartbeats.length;
  const kinds = (await untilBeats(tap, before + 3)).slice(before);
  expect(kinds).toEqual(["digest", "whole", "digest"]);
  const [asked, given] = tap.heartbeats.slice(before);
  expect((given?.at ?? 0) - (asked?.at ?? 0)).toBeLessThan(intervalMs / 2);
  expect(worker.registered).toBe(true);
  expect((await get(second.address, "get_indices?name=echo")).body).toEqual([0, 1, 2, "3"]);
});

test("another controller instance that knows the digest from elsewhere asks for nothing", async () => {
  const [first, second] = [await startController(), await startController()];
  await startWorker(second.address);
  const tap = await HeartbeatTap.start(first.address);
  await startWorker(tap.address);
  tap.target = second.address;
  await waitFor(async () => {
    const { value } = await connect(second.address).listWorkers({});
    return Object.keys(value.echo?.workers ?? {}).length === 2;
  });
  expect(tap.kinds.filter((kind) => kind === "whole")).toHaveLength(1);
});

test.each([
  ["a v0.2 controller", answerAsV02],
  ["one of ours from before digests", olderAnswer],
])("%s gets all of v0.2's fields each time, and no digest", async (_, answer) => {
  const tap = await HeartbeatTap.start(answer);
  const worker = await startWorker(tap.address);
  expect(await untilBeats(tap, 3)).toEqual(["whole", "whole", "whole"]);
  const v02 = { name: "echo", address: worker.address, concurrency: 4, indices: [0, 1, 2, "3"] };
  for (const { body } of tap.heartbeats) expect(body).toMatchObject(v02);
});

test.each([
  ["refuses the digest with 422", answerAsV02],
  ["answers null to whatever it is sent", (): [number, unknown] => [200, null]],
])(
  "a v0.2 controller that takes the place of ours and %s gets the whole at once, and from then on",
  async (_, answer) => {
    const { address } = await startController();
    const tap = await HeartbeatTap.start(address);
    const worker = await startWorker(tap.address, { heartbeatMs: intervalMs });
    await untilBeats(tap, 1);
    tap.target = answer;
    const before = tap.heartbeats.length;
    expect((await untilBeats(tap, before + 3)).slice(before)).toEqual(["digest", "whole", "whole"]);
    const [refused, whole] = tap.heartbeats.slice(before);
    expect((whole?.at ?? 0) - (refused?.at ?? 0)).toBeLessThan(intervalMs / 2);
    expect(worker.registered).toBe(true);
  },
);

test("if a controller also rejects the whole list, the worker does not immediately send it again", async () => {
  const tap = await HeartbeatTap.start(() => [422, { detail: "no" }]);
  const worker = await startWorker(tap.address, { heartbeatMs: intervalMs, mayWait: true });
  await untilBeats(tap, 2);
  const [first, second] = tap.heartbeats;
  expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThan(150);
  expect(worker.registered).toBe(false);
});

test("a v0.2 worker and one of ours host the same task: lists and digests are equivalent", async () => {
  const { address } = await startController();
  const old = await V02Worker.start();
  const indices = [0, 1, 2, "3"];
  const register = () => old.register(address, { indices });
  expect(await register()).toMatchObject({ status: 200, body: null });
  const tap = await HeartbeatTap.start(address);
  await startWorker(tap.address);
  expect(await untilBeats(tap, 3)).toEqual(["whole", "digest", "digest"]);
  expect(await register()).toMatchObject({ status: 200, body: null });
  const other = await old.register(address, { indices: [0, 1, 2, 3] });
  expect(other).toMatchObject({ status: 400, body: { detail: otherIndices } });
  const missing = await post(address, "receive_heartbeat", { name: "echo", address: old.address, concurrency: 1 });
  expect(missing).toMatchObject({
    status: 422,
    body: { detail: [{ loc: ["body", "indices"], msg: "field required", type: "value_error.missing" }] },
  });
});

test("other indices are accepted when the last live worker with the old ones is gone, which is rejected afterwards", async () => {
  const { address } = await startController({ comaAfterMs: 600 });
  const former = await startWorker(address);
  const tap = await HeartbeatTap.start(address);
  const changed = echoTask({ getIndices: () => [7, 8] });
  const next = await startWorker(tap.address, { task: changed, mayWait: true });
  await untilBeats(tap, 1);
  expect(next.registered).toBe(false);
  await former.stop(0);
  await waitFor(() => next.registered, { what: "the newcomer's registration" });
  expect((await get(address, "get_indices?name=echo")).body).toEqual([7, 8]);
  await waitFor(() => tap.kinds.at(-1) === "digest");
  const late = await startWorker(address, { mayWait: true });
  const beat = { name: "echo", address: late.address, concurrency: 4, indices: [0, 1, 2, "3"] };
  expect(await post(address, "receive_heartbeat", beat)).toMatchObject({ body: { detail: otherIndices } });
  expect(late.registered).toBe(false);
});

test("a worker that restarts at its address with other indices replaces itself", async () => {
  const { address } = await startController();
  const former = await startWorker(address);
  await former.stop(0);
  const task = echoTask({ getIndices: () => ["a"] });
  await startWorker(address, { port: former.port, task });
  expect((await get(address, "get_indices?name=echo")).body).toEqual(["a"]);
});
