import { expect, test } from "vitest";
import { HostedSession } from "./session.js";

const ownership = { openedBy: "c", owner: "run/1", leaseMs: 60_000, replay: true };
const create = () => new HostedSession(1, 7, ownership);
const say = (content: string) => ({ status: "normal" as const, content });

test("turns are handed over between the agent's side and the task, until the task ends", async () => {
  const session = create();
  expect(session.phase).toBe("waiting for task");
  const answer = session.view.action("first");
  expect([session.phase, session.turn]).toEqual(["waiting for agent", 0]);
  expect((await session.outcome()).output).toEqual({
    index: null,
    status: "running",
    result: null,
    history: [{ role: "user", content: "first" }],
  });
  session.deliver(say("hello"), "request 1");
  expect([session.phase, session.turn, session.request]).toEqual(["waiting for task", 1, "request 1"]);
  expect(await answer).toEqual(say("hello"));
  const last = session.outcome();
  session.finish({ status: "completed", result: 5 }, false);
  expect(await last).toMatchObject({ turn: 1, failed: false, output: { index: 7, status: "completed", result: 5 } });
  await session.ended;
});

test("an empty answer is stored as its status", async () => {
  const session = create();
  const answer = session.view.action();
  session.deliver({ status: "agent context limit", content: null }, "r");
  await answer;
  expect(session.history).toEqual([{ role: "agent", content: "agent context limit" }]);
});

test("a cancelled task gets `cancelled` for the action it waits in, and for every later one", async () => {
  const session = create();
  const waiting = session.view.action("q");
  session.cancel();
  expect(await waiting).toEqual({ status: "cancelled", content: null });
  expect(await session.view.action("again")).toEqual({ status: "cancelled", content: null });
  expect(session.view.signal.aborted).toBe(false);
  session.abort();
  expect(session.view.signal.aborted).toBe(true);
});

test("a canceled session has no result, whatever its task returns", async () => {
  const session = create();
  const last = session.outcome();
  session.cancel();
  session.finish({ status: "completed", result: 5 }, true);
  expect(await last).toEqual({ turn: 0, output: undefined, failed: false });
});

test("the task's history is whole, read-only, and can be cloned", () => {
  const session = create();
  const { view } = session;
  const own = { role: "user" as const, content: "a" };
  view.inject(own, "b", { role: "agent", content: "c" });
  own.content = "changed later";
  expect(structuredClone(view.history).map(({ content }) => content)).toEqual(["a", "b", "c"]);
  expect(() => (view.history as unknown[]).push("x")).toThrow(TypeError);
  expect(() => Object.assign(view.history[0] as object, { content: "x" })).toThrow(TypeError);
  expect(() => view.inject({ role: "user", content: 5 } as never)).toThrow(/a message must be a string/);
  view.inject("d");
  expect(view.history).toHaveLength(4);
});

test("two actions at once are a mistake of the task", async () => {
  const { view } = create();
  void view.action();
  await expect(view.action()).rejects.toThrow(/before the previous call had finished/);
});

test("a task that continues after its session ended gets an error and changes nothing", async () => {
  const session = create();
  const waiting = session.view.action("q");
  session.finish({ status: "unknown", result: null }, false);
  expect((await waiting).status).toBe("cancelled");
  session.view.inject("late");
  expect(session.history).toHaveLength(1);
  expect((await session.view.action()).status).toBe("cancelled");
});
