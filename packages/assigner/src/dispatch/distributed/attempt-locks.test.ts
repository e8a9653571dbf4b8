import { randomId } from "@eval/protocol";
import { silentLogger } from "@eval/protocol/logger";
import { waitFor } from "@eval/protocol/testing";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { renewLocks } from "./attempt-locks.js";
import { AttemptQueues } from "./attempt-queues.js";
import { JobSource, type TakenJob } from "./host/job-source.js";
import { RedisLink } from "./redis/redis-link.js";
import { queueOf, runKeys } from "./run-keys.js";

const url = process.env.EVAL_TEST_REDIS_URL ?? "redis://127.0.0.1:6379";
const lockMs = 60_000;
const open = () => RedisLink.open({ url, timeoutMs: 5_000, keepMs: 3_600_000, logger: silentLogger });
const isMissing = await open().then(
  (link) => link.close(),
  () => true,
);
if (isMissing) console.warn(`skipped: no Redis at ${url}`);

const job = { agent: "a", task: "t", index: 7, epoch: 1, number: 1, losses: 0, repeats: 0, term: 1 };
const queue = queueOf(0);

describe.skipIf(isMissing && process.env.EVAL_REQUIRE_SERVICES !== "1")("the lock of an attempt", () => {
  const keys = runKeys(`test-${randomId()}`);
  let link: RedisLink;
  let queues: AttemptQueues;
  let source: JobSource;
  let taken: TakenJob[];

  beforeEach(async () => {
    link = await open();
    queues = await AttemptQueues.open(link, keys, 1);
    taken = [];
    const onJob = (one: TakenJob) => void taken.push(one);
    const hasRoom = () => taken.length < 1;
    source = await JobSource.open({ link, keys, shards: [0], host: "host", lockMs, hasRoom, onJob });
    await queues.add([{ id: "1-one", shard: 0, job }]);
    void source.run();
    await waitFor(() => taken.length === 1);
  });

  afterEach(async () => {
    await source.stop();
    await queues.clear();
    await queues.close();
    expect(await link.redis.keys(`${keys.prefix}:*`)).toEqual([]);
    link.close();
  });

  const lock = keys.lock(queue, "1-one");

  test("is renewed by its host, and by no other", async () => {
    await link.redis.pexpire(lock, 1_000);
    expect(await source.renew(["1-one"])).toEqual([]);
    expect(await link.redis.pttl(lock)).toBeGreaterThan(1_000);
    expect(await renewLocks(link, keys, [{ id: "1-one", shard: 0, token: "other:1" }], lockMs)).toEqual(["1-one"]);
  });

  test("that has ended is taken anew by its host as long as its attempt is there", async () => {
    const token = await link.redis.get(lock);
    await link.redis.del(lock);
    expect(await source.renew(["1-one"])).toEqual([]);
    expect(await link.redis.get(lock)).toBe(token);
    expect(await queues.takeBack(0, "1-one")).toBe(false);
    await link.redis.del(lock);
    expect(await queues.takeBack(0, "1-one")).toBe(true);
    expect(await source.renew(["1-one"])).toEqual(["1-one"]);
    expect(await link.redis.exists(lock)).toBe(0);
  });

  test("is not taken anew while its attempt is revoked", async () => {
    const revoking = queues.revoke(0, "1-one");
    const lost = await source.renew(["1-one"]);
    await revoking;
    expect(lost).toEqual(["1-one"]);
    expect(await queues.content(0)).toEqual({ waiting: [], active: [] });
  });

  test("and all else of a queue has an expiry, which is renewed", async () => {
    await queues.add([2, 3].map((number) => ({ id: `1-${number}`, shard: 0, job })));
    const lives = async () => {
      const names = await link.redis.keys(`${keys.prefix}:*`);
      return Promise.all(names.map(async (name) => [name, await link.redis.pttl(name)] as const));
    };
    expect((await lives()).filter(([, ms]) => ms < 0)).toEqual([]);
    const names = (await lives()).map(([name]) => name.replace(`${keys.prefix}:${queue}:`, ""));
    expect(names).toEqual(expect.arrayContaining(["meta", "wait", "active", "id", "events", "marker", "1-one", "1-2"]));
    for (const [name] of await lives()) await link.redis.pexpire(name, 30_000);
    await queues.keep(0, ["1-one", "1-2", "1-3"]);
    const short = (await lives()).filter(([name, ms]) => name !== lock && ms < 3_600_000);
    expect(short).toEqual([]);
  });
});
