import { expect, test } from "vitest";
import { type FinishedSession, FinishedSessions } from "./finished-sessions.js";

function finished(content: string): FinishedSession {
  const output = {
    index: 1,
    status: "completed" as const,
    result: null,
    history: [{ role: "user" as const, content }],
  };
  return { index: 1, turn: 1, request: "r", output, failed: false };
}

test("an entry is there until its time is over", () => {
  const sessions = new FinishedSessions(1_000);
  sessions.add(1, finished("a"), 0);
  expect(sessions.get(1, 999)).toEqual(finished("a"));
  expect(sessions.get(1, 1_000)).toBeUndefined();
});

test("the oldest goes first when there is more than the bound, and an id that comes again counts once", () => {
  const sessions = new FinishedSessions(1_000, 3_000);
  const large = finished("x".repeat(600));
  sessions.add(1, large, 0);
  sessions.add(1, large, 0);
  sessions.add(2, large, 0);
  expect([1, 2].map((id) => sessions.get(id, 0) !== undefined)).toEqual([true, true]);
  sessions.add(3, large, 0);
  expect([1, 2, 3].map((id) => sessions.get(id, 0) !== undefined)).toEqual([false, true, true]);
});

test("of a canceled session there is a mark", () => {
  const sessions = new FinishedSessions(1_000, 300);
  const mark = { index: 1, turn: 1, request: "r", output: undefined, failed: false };
  sessions.add(1, mark, 0);
  expect(sessions.get(1, 0)).toEqual(mark);
});

test("one that is larger than the bound is not kept, and takes nothing but itself with it", () => {
  const sessions = new FinishedSessions(1_000, 3_000);
  sessions.add(1, finished("x".repeat(9_000)), 0);
  expect(sessions.get(1, 0)).toBeUndefined();
  sessions.add(2, finished("a"), 0);
  expect(sessions.get(2, 0)).toBeDefined();
});
