import type { AgentOutput, Interact } from "@eval/protocol";
import { silentLogger } from "@eval/protocol/logger";
import type { Session, Task } from "@eval/protocol/task";
import { FakeClock } from "@eval/protocol/testing";
import { expect, test } from "vitest";
import { TaskHost, type TaskHostOptions } from "./task-host.js";

type Body = (session: Session) => Promise<unknown>;

/** A task whose samples run `body`, and what its agent said to it. */
async function createHost(body: Body, options: Partial<TaskHostOptions> & { concurrency?: number } = {}) {
  const heard: AgentOutput[] = [];
  const task: Task = {
    name: "echo",
    concurrency: options.concurrency ?? 2,
    getIndices: () => [0, 1, "5"],
    startSample: async (_index, session) => {
      const action: Session["action"] = async (...items) => {
        const answer = await session.action(...items);
        heard.push(answer);
        return answer;
      };
      return (await body({ ...session, action })) as never;
    },
    calculateOverall: () => null,
  };
  const host = await TaskHost.create(task, { logger: silentLogger, ...options });
  return { host, heard };
}

const owned = { openedBy: "c", owner: "run/1", leaseMs: 60_000, replay: true };
const v02 = { openedBy: undefined, owner: undefined, leaseMs: undefined, replay: false };
const say = (content: string, turn?: number, wait_ms?: number): Interact => ({
  session_id: 1,
  agent_response: { status: "normal", content },
  turn,
  wait_ms,
});

/** Asks `rounds` times, then completes. */
const rounds =
  (count: number): Body =>
  async (session) => {
    for (let round = 0; round < count; round++) {
      const { status } = await session.action(`question ${round}`);
      if (status !== "normal") return { status: "unknown", result: status };
    }
    return { status: "completed", result: { count } };
  };

test("a turn that is sent again is answered again, and the task sees it once", async () => {
  const { host, heard } = await createHost(rounds(2));
  await host.start(1, 0, owned);
  const first = await host.interact(say("a", 1));
  expect(await host.interact(say("a", 1))).toEqual(first);
  const last = await host.interact(say("b", 2));
  expect(last.output).toMatchObject({ index: 0, status: "completed", result: { count: 2 } });
  expect([host.current, heard.length]).toEqual([0, 2]);
  expect(await host.interact(say("b", 2))).toEqual(last);
});

test("a start that is sent again finds its session, running or ended, and takes no capacity", async () => {
  const { host } = await createHost(rounds(1), { concurrency: 1 });
  const first = await host.start(1, 0, owned);
  expect(await host.start(1, 0, owned)).toEqual(first);
  await expect(host.start(1, 1, owned)).rejects.toMatchObject({ code: "SESSION_EXISTS" });
  await expect(host.start(1, 0, v02)).rejects.toMatchObject({ code: "SESSION_EXISTS", status: 400 });
  await host.interact(say("a", 1));
  await expect(host.start(1, 0, owned)).rejects.toMatchObject({ code: "SESSION_EXISTS" });
  const ending = await createHost(rounds(0));
  const ended = await ending.host.start(1, 0, owned);
  expect(await ending.host.start(1, 0, owned)).toEqual(ended);
});

test("a v0.2 controller may give an id out again once its session has ended", async () => {
  const { host } = await createHost(rounds(1));
  await host.start(0, 0, v02);
  await host.interact({ ...say("a"), session_id: 0 });
  expect((await host.start(0, 1, v02)).output.status).toBe("running");
});

test("a turn that is neither the last nor the next one is a conflict that names the one expected", async () => {
  const { host } = await createHost(rounds(3));
  await host.start(1, 0, owned);
  await host.interact(say("a", 1));
  const conflict = (message: RegExp) => ({
    code: "TURN_CONFLICT",
    status: 409,
    message: expect.stringMatching(message),
  });
  await expect(host.interact(say("a", 3))).rejects.toMatchObject(conflict(/Turn 2 is expected, not turn 3/));
  await expect(host.interact(say("other", 1))).rejects.toMatchObject(conflict(/Turn 2 is expected/));
  await host.interact(say("b", 2));
  await host.interact(say("c", 3));
  await expect(host.interact(say("d", 4))).rejects.toMatchObject(conflict(/finished/));
});

test("a long turn is `pending` after the wait; a second, different turn is rejected immediately", async () => {
  let release = () => {};
  const { host } = await createHost(async (session) => {
    await session.action();
    await new Promise<void>((resolve) => {
      release = resolve;
    });
    return { status: "completed" };
  });
  await host.start(1, 0, owned);
  expect(await host.interact(say("a", 1, 10))).toMatchObject({ pending: true, turn: 1, output: { status: "running" } });
  await expect(host.interact(say("b", 1, 10))).rejects.toMatchObject({ code: "TURN_CONFLICT" });
  await expect(host.interact(say("b"))).rejects.toMatchObject({
    code: "SESSION_BUSY",
    status: 400,
    message: "Task Executing, please do not send new request.",
  });
  const waiting = host.interact(say("a", 1));
  release();
  expect((await waiting).output.status).toBe("completed");
});

test("the capacity is not exceeded, and a further sample is rejected as in v0.2", async () => {
  const { host } = await createHost(rounds(1), { concurrency: 1 });
  await host.start(1, 0, owned);
  await expect(host.start(2, 1, owned)).rejects.toMatchObject({
    status: 406,
    message: "Sample concurrency limit reached: 1",
  });
  await host.interact(say("a", 1));
  await expect(host.start(2, 5, owned)).rejects.toMatchObject({ code: "INDEX_OUT_OF_BOUNDS" });
  expect((await host.start(3, "5", owned)).output.status).toBe("running");
});

test("every opening and closing makes a new version of the set of sessions", async () => {
  const { host } = await createHost(rounds(1));
  expect(host.sessionsVersion).toBe(0);
  await host.start(1, 0, owned);
  expect([host.sessionsVersion, host.current]).toEqual([1, 1]);
  expect(host.report()).toEqual({ 1: { index: 0, opened_by: "c", owner: "run/1", lease_s: 60 } });
  await host.interact(say("a", 1));
  expect([host.sessionsVersion, host.current]).toEqual([2, 0]);
});

test("a task that throws: a status before its first action, 501 with the whole output after it, both repeatable", async () => {
  const { host } = await createHost(async (session) => {
    if (session.id === 1) await session.action("q");
    throw new Error("no database");
  });
  const status = { status: "task error", result: "no database" };
  expect((await host.start(2, 0, owned)).output).toMatchObject(status);
  await host.start(1, 0, owned);
  const raised = { code: "TASK_ERROR", status: 501, detail: { session_id: 1, output: status } };
  await expect(host.interact(say("a", 1))).rejects.toMatchObject(raised);
  await expect(host.interact(say("a", 1))).rejects.toMatchObject(raised);
});

test.each([
  ["nothing", undefined, /must return a final status, not nothing/],
  ["an unknown status", { status: "done" }, /final status, not {"status":"done"}/],
  ["running", { status: "running" }, /final status/],
  [
    "a result that cannot be represented in JSON",
    { status: "completed", result: 10n },
    /cannot be represented in JSON/,
  ],
])("a task that returns %s has failed", async (_what, returned, message) => {
  const { host } = await createHost(async () => returned);
  const { output } = await host.start(1, 0, owned);
  expect(output).toMatchObject({ status: "task error", result: expect.stringMatching(message) });
});

const cancelled = {
  code: "SESSION_CANCELLED",
  status: 400,
  message: "The session was canceled before its turn was over",
};

/** A task that ends with `body` when it is released, in its first turn; whether it was canceled before or not. */
async function createHeld(body: () => unknown) {
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const { host } = await createHost(async (session) => {
    await session.action("q");
    await held;
    return body();
  });
  return { host, release };
}

test.each<[string, () => unknown]>([
  ["completes all the same", () => ({ status: "completed", result: 1 })],
  ["gives up", () => ({ status: "unknown" })],
  [
    "raises",
    () => {
      throw new Error("no database");
    },
  ],
])("a turn whose session is cancelled is answered with an error, at its end, when the task %s", async (_what, body) => {
  const { host, release } = await createHeld(body);
  await host.start(1, 0, owned);
  const waiting = host.interact(say("a", 1));
  const canceling = host.cancel(1);
  // Nothing is over before the task is: whoever asks waits for that, whichever turn it asks for.
  expect(await host.interact(say("a", 1, 5))).toMatchObject({ pending: true, turn: 1 });
  expect(await host.interact(say("b", 2, 5))).toMatchObject({ pending: true, turn: 2 });
  expect(host.current).toBe(1);
  release();
  await expect(waiting).rejects.toMatchObject(cancelled);
  expect(await canceling).toEqual({ session_id: 1 });
  expect(host.current).toBe(0);
  for (const turn of [1, 2]) await expect(host.interact(say("a", turn))).rejects.toMatchObject(cancelled);
  await expect(host.interact(say("other", 1))).rejects.toMatchObject(cancelled);
  await expect(host.interact(say("a"))).rejects.toMatchObject({ code: "SESSION_NOT_FOUND" });
});

test("a start whose session is canceled is answered with an error, also when it is sent again", async () => {
  let release = () => {};
  const { host } = await createHost(async (session) => {
    await new Promise<void>((resolve) => {
      release = resolve;
    });
    await session.action("q");
    return { status: "completed" };
  });
  const starting = host.start(1, 0, owned);
  const canceling = host.cancel(1);
  release();
  await expect(starting).rejects.toMatchObject(cancelled);
  await canceling;
  await expect(host.start(1, 0, owned)).rejects.toMatchObject(cancelled);
});

test("a session that is canceled between two turns: the last turn and the next one are told so", async () => {
  const { host } = await createHost(rounds(3));
  await host.start(1, 0, owned);
  await host.interact(say("a", 1));
  await host.cancel(1);
  for (const turn of [1, 2]) await expect(host.interact(say("a", turn))).rejects.toMatchObject(cancelled);
});

test("a canceled session that ends by itself is confirmed; one that does not is dropped after the deadline", async () => {
  const { host } = await createHost(rounds(1));
  await host.start(1, 0, owned);
  expect(await host.cancel(1)).toEqual({ session_id: 1 });
  await expect(host.cancel(1)).rejects.toMatchObject({ status: 400, message: "No such session" });

  let aborted = false;
  const stubborn = await createHost(
    async ({ signal, action }) => {
      await action();
      await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
      aborted = true;
      return { status: "completed" };
    },
    { cancelDeadlineMs: 40, cancelReplyMs: 5 },
  );
  await stubborn.host.start(1, 0, owned);
  const waiting = stubborn.host.interact(say("a", 1));
  expect(await stubborn.host.cancel(1)).toEqual({ session_id: 1, pending: true });
  expect(stubborn.host.current).toBe(1);
  await expect(waiting).rejects.toMatchObject(cancelled);
  expect([stubborn.host.current, aborted]).toEqual([0, true]);
});

test("draining takes no new sample and waits for the running ones", async () => {
  const { host } = await createHost(rounds(1));
  await host.start(1, 0, owned);
  expect(await host.drain(5)).toBe(false);
  await expect(host.start(2, 1, owned)).rejects.toMatchObject({ code: "CONCURRENCY_LIMIT" });
  const drained = host.drain(5_000);
  await host.interact(say("a", 1));
  expect(await drained).toBe(true);
});

test("out of contact for longer than lease and grace, waiting sessions with a lease are canceled", async () => {
  const { host } = await createHost(rounds(1));
  await host.start(1, 0, owned);
  await host.start(2, 0, { ...v02 });
  host.expire(90_000, 30_000);
  expect(host.current).toBe(2);
  const { ended } = host.session(1);
  host.expire(90_001, 30_000);
  await ended;
  expect([...host.sessions()].map(({ id }) => id)).toEqual([2]);
});

test("a session of a v0.2 controller ends when no turn comes for too long; one of our controller's does not", async () => {
  const clock = new FakeClock();
  const { host } = await createHost(rounds(2), { now: clock.now, sessionExpireMs: 1_000 });
  const plain = { openedBy: undefined, owner: undefined, leaseMs: undefined, replay: false };
  await host.start(1, 0, plain);
  await host.start(2, 0, { ...plain, openedBy: "ours" });
  host.expire(0, 0);
  clock.advance(1_000);
  host.expire(0, 0);
  await host.interact(say("a"));
  host.expire(0, 0);
  clock.advance(1_000);
  host.expire(0, 0);
  expect(host.current).toBe(2);
  const { ended } = host.session(1);
  clock.advance(1);
  host.expire(0, 0);
  await ended;
  expect([...host.sessions()].map(({ id }) => id)).toEqual([2]);
});

test("a final reply is remembered for ten minutes", async () => {
  const clock = new FakeClock();
  const { host } = await createHost(rounds(1), { now: clock.now });
  await host.start(1, 0, owned);
  await host.interact(say("a", 1));
  clock.advance(599_999);
  expect((await host.interact(say("a", 1))).output.status).toBe("completed");
  clock.advance(1);
  await expect(host.interact(say("a", 1))).rejects.toMatchObject({ code: "SESSION_NOT_FOUND" });
});

test.each([
  [{ concurrency: 0 }, /concurrency must be a positive integer, not 0/],
  [{ getIndices: () => [1, 1] }, /distinct strings or integers/],
  [{ getIndices: () => [1.5] }, /distinct strings or integers/],
  [{ name: "" }, /must have a name/],
])("a task that breaks its contract is refused: %o", async (change, message) => {
  const good = { name: "t", concurrency: 1, getIndices: () => [1], startSample: rounds(0), calculateOverall: () => 1 };
  const task = { ...good, ...change } as unknown as Task;
  await expect(TaskHost.create(task, { logger: silentLogger })).rejects.toMatchObject({
    code: "MODULE_INVALID",
    message: expect.stringMatching(message),
  });
});
