import { silentLogger } from "@eval/protocol/logger";
import { FakeClock, waitFor } from "@eval/protocol/testing";
import { describe, expect, test } from "vitest";
import { AttemptTracker, type AttemptTrackerOptions } from "./attempt-tracker.js";
import { AnsweredClock } from "./redis/answered-clock.js";
import type { HostEntry } from "./run-records.js";

const grant = { agent: "a", task: "t", index: 7, epoch: 1, number: 1, losses: 0, repeats: 0 };
const outcome = { kind: "ended", output: { index: 7, status: "completed", result: 1, history: null } } as const;

/** One host that holds one attempt, and a Redis in this process. */
function stage(options: Partial<AttemptTrackerOptions> = {}) {
  const queued = new Map<string, unknown>();
  const results = new Map<string, unknown>();
  const hosts = new Map<string, HostEntry>([["host", { name: "host", slots: 1, shards: [0] }]]);
  const queues: AttemptTrackerOptions["queues"] = {
    shards: 1,
    add: async (attempts) => void attempts.map((one) => queued.set(one.id, one)),
    content: async () => ({ waiting: [], active: [...queued.keys()] }),
    unlocked: async (_, ids) => [...ids],
    hostsOf: async (_, ids) => ids.map(() => "host"),
    revoke: async (_, id) => void queued.delete(id),
    takeBack: async (_, id) => queued.delete(id),
    jobs: async () => [],
    keep: async () => {},
  };
  const store: AttemptTrackerOptions["store"] = {
    ids: async () => [...results.keys()],
    has: async (id: string) => results.has(id),
    read: async (ids) => ids.map((id) => ({ id, job: { ...grant, term: 1 }, outcome })),
    remove: async (ids) => void ids.map((id) => results.delete(id)),
    keep: async () => {},
  };
  const registry: AttemptTrackerOptions["registry"] = {
    term: 1,
    assertTerm: async () => {},
    hosts: async () => new Map(hosts),
  };
  const ended: unknown[] = [];
  const time = new FakeClock();
  const clock = new AnsweredClock(time.now, 4_000);
  const outage = (ms: number) => {
    time.advance(ms);
    clock.answered();
  };
  const answerFor = (ms: number) => {
    for (let passed = 0; passed < ms; passed += 500) outage(500);
  };
  answerFor(20_000);
  const tracker = new AttemptTracker({
    queues,
    store,
    registry,
    launch: "1-x",
    lockMs: 3_000,
    clock,
    logger: silentLogger,
    finish: async (_, how) => ended.push(how) > 0,
    onHostGone: async () => {},
    onHostHere: () => {},
    ...options,
  });
  const release = () => tracker.release([{ ...grant, attempt: "one" }]);
  return { tracker, release, queued, results, hosts, ended, outage, answerFor };
}

describe("the center's tracker", () => {
  test("leaves a result where it is that could not be written down", async () => {
    const { tracker, release, results } = stage({ finish: async () => false });
    await release();
    results.set("1-x-one", outcome);
    await tracker.collect();
    await tracker.collect();
    expect([...results.keys()]).toEqual(["1-x-one"]);
  });

  test("revokes what an earlier launch has released behind its back, and nothing of a later one", async () => {
    const { tracker, release, queued } = stage();
    await release();
    queued.set("0-y-one", {});
    queued.set("2-z-one", {});
    await tracker.survey();
    expect(queued.size).toBe(3);
    await tracker.survey();
    expect([...queued.keys()]).toEqual(["1-x-one", "2-z-one"]);
  });

  test("takes an attempt for lost when its host is gone, and nothing of it runs any more", async () => {
    let over = () => {};
    const { tracker, release, hosts, queued, ended } = stage({
      onHostGone: () => new Promise((resolve) => (over = resolve)),
    });
    await release();
    // Unlocked for a while: a host that is there says by itself what has become of it.
    for (let look = 0; look < 3; look++) await tracker.survey();
    expect([...queued.keys()]).toEqual(["1-x-one"]);
    hosts.clear();
    for (let look = 0; look < 3; look++) await tracker.survey();
    expect(queued.size).toBe(0);
    expect(ended).toEqual([]);
    over();
    await waitFor(() => ended.length > 0);
    expect(ended).toMatchObject([{ kind: "lost" }]);
    expect(tracker.inFlight).toBe(0);
  });

  test("takes nobody for gone while the Redis is away, nor before all could give a sign of life", async () => {
    const { tracker, release, hosts, queued, ended, outage, answerFor } = stage();
    await release();
    await tracker.survey();
    outage(60_000);
    hosts.clear();
    for (let look = 0; look < 3; look++) await tracker.survey();
    answerFor(9_500);
    await tracker.survey();
    expect(tracker.hostCount).toBe(1);
    expect([...queued.keys()]).toEqual(["1-x-one"]);
    answerFor(500);
    await tracker.survey();
    expect(tracker.hostCount).toBe(0);
    await waitFor(() => ended.length > 0);
    expect(ended).toMatchObject([{ kind: "lost" }]);
  });

  test("misses nothing for the time of an outage", async () => {
    const { tracker, release, queued, ended, outage, answerFor } = stage();
    await release();
    queued.clear();
    await tracker.survey();
    outage(60_000);
    await tracker.survey();
    expect(ended).toEqual([]);
    answerFor(3_500);
    await tracker.survey();
    expect(ended).toMatchObject([{ kind: "lost", info: "Redis has forgotten it" }]);
  });

  test("keeps a result that comes between its reading of Redis and taking the attempt back", async () => {
    const { tracker, release, hosts, queued, results, ended } = stage();
    await release();
    await tracker.survey();
    hosts.clear();
    const isInRedis = queued.delete.bind(queued);
    queued.delete = (id) => results.set(id, outcome).has(id) && isInRedis(id);
    await tracker.survey();
    expect(queued.size).toBe(0);
    await tracker.collect();
    expect(ended).toEqual([outcome]);
  });
});
