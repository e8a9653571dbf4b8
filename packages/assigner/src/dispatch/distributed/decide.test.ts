import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AttemptTable } from "./attempt-table.js";
import { type Circumstances, decide, noObservations, type Observations } from "./decide.js";
import type { RunSnapshot } from "./run-snapshot.js";

const entry = { name: "host", slots: 2, shards: [0] };
const empty = { waiting: [], active: [], unlocked: [] };

function snapshot(parts: Partial<RunSnapshot> = {}): RunSnapshot {
  return { hosts: new Map([["h", entry]]), shards: [empty, empty], results: new Set(), ...parts };
}

/** Attempt 2-x-1 in the first of two queues, looked at by launch 2 of a Redis that has long answered. */
function stage() {
  const table = new AttemptTable(2);
  table.add("2-x-1", { attempt: "1", shard: 0, phase: "queued" });
  let observed: Observations = noObservations(2);
  const look = (now: number, seen: RunSnapshot, parts: Partial<Circumstances> = {}) => {
    const decision = decide(table, observed, seen, { now, steadyMs: 60_000, term: 2, lockMs: 3_000, ...parts });
    observed = decision.observed;
    return decision.actions.filter(({ kind }) => !kind.startsWith("host "));
  };
  return { table, look };
}

describe("the decisions of the distributed center", () => {
  test("reclaim an unlocked attempt of a living host after 10 s, and of a missing host at the second look", () => {
    const shards = [{ ...empty, active: ["2-x-1"], unlocked: [{ id: "2-x-1", host: "h" }] }, empty];
    const { look } = stage();
    expect(look(0, snapshot({ shards }))).toEqual([]);
    expect(look(9_999, snapshot({ shards }))).toEqual([]);
    expect(look(9_999, snapshot({ shards, hosts: new Map() }), { steadyMs: 9_999 })).toEqual([]);
    const reclaim = { kind: "reclaim", id: "2-x-1", shard: 0, host: "h" };
    expect(look(10_000, snapshot({ shards }))).toEqual([reclaim]);
    expect(look(10_000, snapshot({ shards, hosts: new Map() }))).toEqual([]);
    expect(look(10_000, snapshot({ shards, hosts: new Map() }))).toEqual([reclaim]);
  });

  test("forget an attempt that has neither job nor result for longer than a lock, and none that is added or dying", () => {
    const { table, look } = stage();
    table.add("2-x-2", { attempt: "2", shard: 0, phase: "adding" });
    table.add("2-x-3", { attempt: "3", shard: 0, phase: "dying" });
    expect(look(0, snapshot())).toEqual([]);
    expect(look(3_000, snapshot())).toEqual([]);
    expect(look(3_001, snapshot({ results: new Set(["2-x-1"]) }))).toEqual([]);
    expect(look(3_002, snapshot())).toEqual([]);
    expect(look(6_003, snapshot())).toEqual([{ kind: "forget", id: "2-x-1" }]);
  });

  test("take back what waits in a queue without hosts, if other queues have hosts", () => {
    const shards = [empty, { ...empty, waiting: ["2-x-1", "3-y-1"] }];
    const { look } = stage();
    expect(look(0, snapshot({ shards, hosts: new Map() }))).toEqual([]);
    expect(look(0, snapshot({ shards }))).toEqual([{ kind: "take back", id: "2-x-1", shard: 1 }]);
  });

  test("revoke an unknown attempt of an earlier launch at the second look in a row, and of no other launch", () => {
    const shards = [{ ...empty, waiting: ["1-w-1", "2-x-9", "3-y-1"], active: ["2-x-1"] }, empty];
    const { look } = stage();
    expect(look(0, snapshot({ shards }))).toEqual([]);
    expect(look(1, snapshot())).toEqual([]);
    expect(look(2, snapshot({ shards }))).toEqual([]);
    expect(look(3, snapshot({ shards }))).toEqual([{ kind: "revoke", id: "1-w-1", shard: 0 }]);
  });

  test("keep every host of before while silence says nothing", () => {
    const { table } = stage();
    const circumstances = { now: 0, steadyMs: 0, term: 2, lockMs: 3_000 };
    const first = decide(table, noObservations(2), snapshot(), circumstances);
    const second = decide(table, first.observed, snapshot({ hosts: new Map() }), circumstances);
    expect([...second.observed.hosts.keys()]).toEqual(["h"]);
    const third = decide(table, second.observed, snapshot({ hosts: new Map() }), {
      ...circumstances,
      steadyMs: 10_000,
    });
    expect(third.actions).toEqual([{ kind: "host gone", host: "h", entry }]);
  });
});

describe("the table of attempts", () => {
  test("counts as many attempts of each queue as there are, and ends each once", () => {
    const change = fc.record({ isEnd: fc.boolean(), id: fc.nat(5), shard: fc.nat(2) });
    fc.assert(
      fc.property(fc.array(change), (changes) => {
        const table = new AttemptTable(3);
        const expected = new Map<string, number>();
        for (const { isEnd, id, shard } of changes) {
          const name = `1-x-${id}`;
          if (isEnd) expect(table.end(name)).toBe(expected.delete(name) ? name : undefined);
          else {
            table.add(name, { attempt: name, shard, phase: "queued" });
            if (!expected.has(name)) expected.set(name, shard);
          }
          const shards = [...expected.values()];
          expect(table.inFlight).toEqual([0, 1, 2].map((one) => shards.filter((other) => other === one).length));
        }
      }),
    );
  });
});
