import type { Queue } from "bullmq";
import type { RedisLink } from "./redis/redis-link.js";
import { queueOf, type RunKeys } from "./run-keys.js";
import { type AttemptJob, parseRecord } from "./run-records.js";

/** A job, by its id, which is the attempt's. */
export interface QueuedAttempt {
  id: string;
  shard: number;
  job: AttemptJob;
}

/** Ids of what is in one queue. */
export interface QueueContent {
  waiting: string[];
  active: string[];
}

/** So much goes to Redis in one request. */
const batch = 500;

/**
 * The centre's side of the queues. One job is one attempt: it is taken from the queue once and never returns to it,
 * because whether it may be given to another is the centre's to decide.
 */
export class AttemptQueues {
  private constructor(
    private readonly link: RedisLink,
    private readonly keys: RunKeys,
    private readonly queues: readonly Queue[],
  ) {}

  static async open(link: RedisLink, keys: RunKeys, shards: number): Promise<AttemptQueues> {
    const { Queue } = await import("bullmq");
    const queues = Array.from({ length: shards }, (_, shard) => {
      const queue = new Queue(queueOf(shard), {
        connection: link.redis,
        prefix: keys.prefix,
        skipVersionCheck: true,
        skipWaitingForReady: true,
        // Nobody reads them.
        streams: { events: { maxLen: 10 } },
      });
      // The connection is watched by the link.
      queue.on("error", () => {});
      return queue;
    });
    return new AttemptQueues(link, keys, queues);
  }

  get shards(): number {
    return this.queues.length;
  }

  /** May be repeated: a job that is there already is not added again. */
  async add(attempts: readonly QueuedAttempt[]): Promise<void> {
    const opts = { attempts: 1, removeOnComplete: true, removeOnFail: true };
    for (const [shard, queue] of this.queues.entries()) {
      const own = attempts.filter((attempt) => attempt.shard === shard);
      for (const some of batchesOf(own)) {
        const jobs = some.map(({ id, job }) => ({ name: "attempt", data: job, opts: { ...opts, jobId: id } }));
        await this.link.persist(() => queue.addBulk(jobs));
      }
    }
  }

  /** One moment of one queue. */
  async content(shard: number): Promise<QueueContent> {
    const queue = this.#queue(shard);
    const ranges = () => Promise.all([queue.getRanges(["wait"], 0, -1), queue.getRanges(["active"], 0, -1)]);
    const [waiting, active] = await this.link.persist(ranges);
    return { waiting, active };
  }

  /** The data of jobs; one that is gone meanwhile is left out. */
  async jobs(shard: number, ids: readonly string[]): Promise<QueuedAttempt[]> {
    const texts = await this.#fields(shard, ids, "data");
    return ids.flatMap((id, at) => {
      const job = parseRecord<AttemptJob>(texts[at] ?? null);
      return job === undefined ? [] : [{ id, shard, job }];
    });
  }

  /** Those of these active jobs that no host keeps locked. */
  async unlocked(shard: number, ids: readonly string[]): Promise<string[]> {
    const free: string[] = [];
    for (const some of batchesOf(ids)) {
      const names = some.map((id) => this.keys.lock(queueOf(shard), id));
      const locks = await this.link.persist(() => this.link.redis.mget(names));
      free.push(...some.filter((_, at) => locks[at] === null));
    }
    return free;
  }

  /** The host that took a job; undefined where none has. */
  async hostOf(shard: number, id: string): Promise<string | undefined> {
    const [host] = await this.#fields(shard, [id], "pb");
    return host ?? undefined;
  }

  /** Takes a job back: from then on its result is not accepted. False: a host holds its lock. */
  async takeBack(shard: number, id: string): Promise<boolean> {
    return (await this.link.persist(() => this.#queue(shard).remove(id))) === 1;
  }

  /** Takes a job back, whoever holds it: a host that carries it out finds its lock gone, and ends it. */
  async revoke(shard: number, id: string): Promise<void> {
    await this.link.persist(() => this.link.redis.del(this.keys.lock(queueOf(shard), id)));
    await this.takeBack(shard, id);
  }

  /** Removes all that is in the queues, and the queues. */
  async clear(): Promise<void> {
    for (const queue of this.queues) await this.link.orBroken(queue.obliterate({ force: true }));
  }

  async close(): Promise<void> {
    await Promise.all(this.queues.map((queue) => queue.close().catch(() => {})));
  }

  async #fields(shard: number, ids: readonly string[], field: string): Promise<(string | null)[]> {
    const values: (string | null)[] = [];
    for (const some of batchesOf(ids)) {
      const hashes = some.map((id) => this.keys.job(queueOf(shard), id));
      const read = () => Promise.all(hashes.map((hash) => this.link.redis.hget(hash, field)));
      values.push(...(await this.link.persist(read)));
    }
    return values;
  }

  #queue(shard: number): Queue {
    return this.queues[shard] as Queue;
  }
}

function batchesOf<Item>(items: readonly Item[]): Item[][] {
  const count = Math.ceil(items.length / batch);
  return Array.from({ length: count }, (_, at) => items.slice(at * batch, (at + 1) * batch));
}
