import { describe, expect, test } from "vitest";
import { jobsOfShard, shardsFor } from "./run-keys.js";
import { chooseShard, shardsOfHost, slotsByShard } from "./shards.js";

const host = (slots: number, shards: number[]) => ({ name: "a host", slots, shards });

describe("the queues of a run", () => {
  test("are one, until more is in flight than one is good for", () => {
    expect([0, 1, jobsOfShard, jobsOfShard + 1, 10 * jobsOfShard].map(shardsFor)).toEqual([1, 1, 1, 2, 10]);
  });

  test("are all served by a few hosts, each of which serves few", () => {
    for (const shards of [1, 2, 3, 7, 10, 100]) {
      const hosts = Array.from({ length: Math.ceil(shards / 4) }, (_, seat) => shardsOfHost(seat, shards));
      expect(new Set(hosts.flat()).size).toBe(shards);
      expect(Math.max(...hosts.map(({ length }) => length))).toBeLessThanOrEqual(4);
    }
  });

  test("fill in proportion to the slots that serve them, and never where nobody does", () => {
    const slots = slotsByShard([host(30, [0, 1]), host(15, [1]), host(100, [3])], 4);
    expect(slots).toEqual([15, 30, 0, 100]);
    const inFlight = [0, 0, 0, 0];
    for (let released = 0; released < 145; released++) {
      const shard = chooseShard(slots, inFlight);
      inFlight[shard] = (inFlight[shard] ?? 0) + 1;
    }
    expect(inFlight).toEqual([15, 30, 0, 100]);
  });

  test("fill evenly as long as there is no host", () => {
    const inFlight = [0, 0, 0];
    for (let released = 0; released < 9; released++) {
      const shard = chooseShard([0, 0, 0], inFlight);
      inFlight[shard] = (inFlight[shard] ?? 0) + 1;
    }
    expect(inFlight).toEqual([3, 3, 3]);
  });
});
