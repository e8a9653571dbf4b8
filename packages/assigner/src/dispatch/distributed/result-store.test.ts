import { connect } from "node:net";
import { randomId } from "@eval/protocol";
import { silentLogger } from "@eval/protocol/logger";
import { noteSkip } from "@eval/protocol/testing";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { AttemptQueues } from "./attempt-queues.js";
import { RedisLink } from "./redis/redis-link.js";
import { ResultStore } from "./result-store.js";
import { runKeys } from "./run-keys.js";

const url = process.env.EVAL_TEST_REDIS_URL ?? "redis://127.0.0.1:6379";
const isMissing = !(await answers(new URL(url)));
if (isMissing) noteSkip(`no Redis at ${url}`);

const job = { agent: "a", task: "t", index: 7, epoch: 1, number: 1, losses: 0, repeats: 0, term: 1 };
const outcome = { kind: "stopped" } as const;

describe.skipIf(isMissing && process.env.EVAL_REQUIRE_SERVICES !== "1")("the store of results", () => {
  const keys = runKeys(`test-${randomId()}`);
  let link: RedisLink;
  let queues: AttemptQueues;
  let store: ResultStore;

  beforeEach(async () => {
    link = await RedisLink.open({ url, timeoutMs: 5_000, keepMs: 60_000, logger: silentLogger });
    queues = await AttemptQueues.open(link, keys, 1);
    store = new ResultStore(link, keys);
  });

  afterEach(async () => {
    await queues.clear();
    await store.clear();
    expect(await link.redis.keys(`${keys.prefix}:*`)).toEqual([]);
    await queues.close();
    link.close();
  });

  test("takes the result of an attempt that stands, once", async () => {
    await queues.add([{ id: "one-1", shard: 0, job }]);
    await queues.add([{ id: "one-1", shard: 0, job }]);
    expect((await queues.content(0)).waiting).toEqual(["one-1"]);
    expect(await store.deliver("one-1", 0, job, outcome)).toBe(true);
    expect(await store.deliver("one-1", 0, job, outcome)).toBe(true);
    expect(await store.ids(10)).toEqual(["one-1"]);
    expect(await store.read(["one-1"])).toEqual([{ id: "one-1", job, outcome }]);
    await store.remove(["one-1"]);
    expect(await store.read(["one-1"])).toEqual([]);
  });

  test("takes none of an attempt that was taken back", async () => {
    await queues.add([{ id: "one-1", shard: 0, job }]);
    expect(await queues.takeBack(0, "one-1")).toBe(true);
    expect(await store.deliver("one-1", 0, job, outcome)).toBe(false);
    expect(await store.ids(10)).toEqual([]);
    expect(await store.has("one-1")).toBe(false);
  });

  test("says that there is a result to whoever listens", async () => {
    await queues.add([{ id: "one-1", shard: 0, job }]);
    const woken = new Promise<void>(
      (wake) => void store.onResult(wake).then(() => store.deliver("one-1", 0, job, outcome)),
    );
    await woken;
  });
});

function answers({ hostname, port }: URL): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: hostname, port: Number(port), timeout: 2_000 });
    const end = (isThere: boolean) => {
      socket.destroy();
      resolve(isThere);
    };
    socket.once("connect", () => end(true));
    socket.once("timeout", () => end(false));
    socket.once("error", () => end(false));
  });
}
