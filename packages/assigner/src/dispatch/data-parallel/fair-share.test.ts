import { expect, it } from "vitest";
import type { Grant } from "../../attempt/attempt.js";
import { FairShare } from "./fair-share.js";

function grants(from: number, count: number): Grant[] {
  const base = { agent: "a", task: "t", index: 0, epoch: 1, number: 1, losses: 0, repeats: 0 };
  return Array.from({ length: count }, (_, at) => ({ ...base, attempt: String(from + at) }));
}

/** Attempts by runner, as they arrive. */
function collect(shares: FairShare) {
  const had: Record<string, string[]> = {};
  const ask = async (runner: string) => {
    const got = await shares.ask(runner);
    had[runner] = [...(had[runner] ?? []), ...(got ?? []).map(({ attempt }) => attempt)];
  };
  return { had, ask };
}

const settled = () => new Promise(setImmediate);

it("gives each attempt to the runner with the fewest in flight", async () => {
  const shares = new FairShare(8);
  const { had, ask } = collect(shares);
  for (const runner of ["one", "two", "three"]) shares.join(runner);
  void ask("one");
  expect(await shares.room()).toBe(3);
  expect(shares.give(grants(1, 2))).toEqual([]);
  await settled();
  for (const runner of ["one", "two", "three"]) void ask(runner);
  expect(await shares.room()).toBe(1 + 3 + 3);
  expect(shares.give(grants(3, 5))).toEqual([]);
  await settled();
  expect(had).toEqual({ one: ["1", "2", "7"], two: ["3", "5"], three: ["4", "6"] });
});

it("gives no runner more than its share, until others leave", async () => {
  const shares = new FairShare(4);
  const { had, ask } = collect(shares);
  for (const runner of ["one", "two"]) shares.join(runner);
  void ask("one");
  shares.give(grants(1, await shares.room()));
  await settled();
  void ask("one");
  let room: number | undefined;
  const waiting = shares.room().then((free) => {
    room = free;
  });
  await settled();
  expect(room).toBeUndefined();
  expect(shares.leave("two")).toEqual([]);
  await waiting;
  expect(room).toBe(2);
  expect(had).toEqual({ one: ["1", "2"] });
});

it("returns a leaving runner's attempts, and knows each attempt's runner", async () => {
  const shares = new FairShare(4);
  for (const runner of ["one", "two"]) shares.join(runner);
  const asked = shares.ask("one");
  shares.give(grants(1, 2));
  expect(await asked).toHaveLength(2);
  expect(shares.ended("two", "1")).toBe(false);
  expect(shares.ended("one", "1")).toBe(true);
  expect(shares.ended("one", "1")).toBe(false);
  expect(shares.leave("one")).toEqual(["2"]);
  expect(shares.ended("one", "2")).toBe(false);
  expect(shares.give(grants(5, 1))).toHaveLength(1);
});

it("waits until all runners have asked, and answers all of them when it is closed", async () => {
  const shares = new FairShare(4);
  for (const runner of ["one", "two"]) shares.join(runner);
  let all = false;
  const asked = shares.allAsked().then(() => {
    all = true;
  });
  const one = shares.ask("one");
  await settled();
  expect(all).toBe(false);
  const two = shares.ask("two");
  await asked;
  shares.close();
  expect(await Promise.all([one, two, shares.ask("one"), shares.room()])).toEqual([undefined, undefined, undefined, 0]);
});
