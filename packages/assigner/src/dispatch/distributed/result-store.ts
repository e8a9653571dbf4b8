import type { AttemptOutcome } from "../../attempt/attempt.js";
import type { RedisLink } from "./redis/redis-link.js";
import { queueOf, type RunKeys } from "./run-keys.js";
import { type AttemptJob, type AttemptResult, keepMs, parseRecord } from "./run-records.js";

export interface FinishedAttempt extends AttemptResult {
  id: string;
}

/** A result counts only as long as its job is there: the center takes the job of an attempt back when it gives it up. */
const deliverScript = `
if redis.call("EXISTS", KEYS[1]) == 0 then return 0 end
redis.call("SET", KEYS[2], ARGV[1], "PX", ARGV[4])
redis.call("ZADD", KEYS[3], "NX", ARGV[2], ARGV[3])
redis.call("PEXPIRE", KEYS[3], ARGV[4])
redis.call("PUBLISH", KEYS[4], ARGV[3])
return 1
`;

/** Where results lie between the host that has them and the disk of the center: each under a key of its own. */
export class ResultStore {
  constructor(
    private readonly link: RedisLink,
    private readonly keys: RunKeys,
  ) {}

  /** A host's result. False: the attempt was taken back. Waits for a Redis that is away; may be repeated. */
  async deliver(id: string, shard: number, job: AttemptJob, outcome: AttemptOutcome): Promise<boolean> {
    const { keys, link } = this;
    const names = [keys.job(queueOf(shard), id), keys.result(id), keys.finished, keys.wake];
    const result = JSON.stringify({ job, outcome } satisfies AttemptResult);
    const deliver = (): Promise<unknown> =>
      link.redis.eval(deliverScript, names.length, ...names, result, String(Date.now()), id, String(keepMs));
    return (await link.persist(deliver)) === 1;
  }

  /** Ids of the oldest results, at most `limit`. */
  ids(limit: number): Promise<string[]> {
    return this.link.persist(() => this.link.redis.zrange(this.keys.finished, "0", String(limit - 1)));
  }

  async has(id: string): Promise<boolean> {
    return (await this.link.persist(() => this.link.redis.exists(this.keys.result(id)))) === 1;
  }

  async read(ids: readonly string[]): Promise<FinishedAttempt[]> {
    if (ids.length === 0) return [];
    const texts = await this.link.persist(() => this.link.redis.mget(ids.map(this.keys.result)));
    return ids.flatMap((id, at) => {
      const result = parseRecord<AttemptResult>(texts[at] ?? null);
      return result === undefined ? [] : [{ id, ...result }];
    });
  }

  /** Results live on as if they had come now. */
  async keep(): Promise<void> {
    const { redis } = this.link;
    const keys = [this.keys.finished, ...(await this.ids(Number.MAX_SAFE_INTEGER)).map(this.keys.result)];
    await this.link.persist(() => Promise.all(keys.map((key) => redis.pexpire(key, keepMs))));
  }

  /** After it is on disk, or counts for nothing. */
  async remove(ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    const { redis } = this.link;
    const remove = () => Promise.all([redis.del(ids.map(this.keys.result)), redis.zrem(this.keys.finished, ...ids)]);
    await this.link.persist(remove);
  }

  /** Removes all results. */
  async clear(): Promise<void> {
    for (;;) {
      const ids = await this.ids(500);
      if (ids.length === 0) return;
      await this.remove(ids);
    }
  }

  /** Has `wake` called when a result comes, as far as messages arrive. */
  async onResult(wake: () => void): Promise<void> {
    const subscriber = this.link.copy({ socketTimeout: undefined });
    subscriber.on("message", wake);
    await this.link.orBroken(subscriber.subscribe(this.keys.wake));
  }
}
