import { randomId } from "@eval/protocol";
import { silentLogger } from "@eval/protocol/logger";
import { noteSkip, waitFor } from "@eval/protocol/testing";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { AttemptQueues } from "./attempt-queues.js";
import { JobSource } from "./host/job-source.js";
import { RedisLink } from "./redis/redis-link.js";
import { runKeys } from "./run-keys.js";

const url = process.env.EVAL_TEST_REDIS_URL ?? "redis://127.0.0.1:6379";
const open = () => RedisLink.open({ url, timeoutMs: 5_000, keepMs: 60_000, logger: silentLogger });
const isMissing = await open().then(
  (link) => link.close(),
  () => true,
);
if (isMissing) noteSkip(`no Redis at ${url}`);

const job = { agent: "a", task: "t", index: 7, epoch: 1, number: 1, losses: 0, repeats: 0, term: 1 };

describe.skipIf(isMissing && process.env.EVAL_REQUIRE_SERVICES !== "1")("the queues of a run", () => {
  const keys = runKeys(`test-${randomId()}`);
  let link: RedisLink;
  let queues: AttemptQueues;

  beforeEach(async () => {
    link = await open();
    queues = await AttemptQueues.open(link, keys, 1);
  });

  afterEach(async () => {
    await queues.clear();
    await queues.close();
    expect(await link.redis.keys(`${keys.prefix}:*`)).toEqual([]);
    link.close();
  });

  test("give the data of jobs, and the host that took each of them", async () => {
    const taken: string[] = [];
    const source = await JobSource.open({
      link,
      keys,
      shards: [0],
      host: "host-1",
      lockMs: 60_000,
      hasRoom: () => taken.length < 1,
      onJob: ({ id }) => void taken.push(id),
    });
    await queues.add(["1-one", "1-two"].map((id) => ({ id, shard: 0, job })));
    void source.run();
    await waitFor(() => taken.length === 1);
    const ids = ["1-one", "1-two", "1-gone"];

    expect(await queues.jobs(0, ids)).toEqual(["1-one", "1-two"].map((id) => ({ id, shard: 0, job })));
    expect(await queues.hostsOf(0, ids)).toEqual(["host-1", undefined, undefined]);
    await source.stop();
    await link.redis.del(keys.lock("attempts-0", "1-one"));
    expect(await queues.unlocked(0, ["1-one"])).toEqual(["1-one"]);
  });
});
