import type { Job, Queue } from "bullmq";
import { revokedField } from "./attempt-locks.js";
import type { RedisLink } from "./redis/redis-link.js";
import { queueOf, type RunKeys } from "./run-keys.js";
import { type AttemptJob, keepMs } from "./run-records.js";

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

/** From then on its host cannot take its lock anew: see renewScript. */
const revokeScript = `
if redis.call("EXISTS", KEYS[1]) == 1 then redis.call("HSET", KEYS[1], "${revokedField}", 1) end
redis.call("DEL", KEYS[2])
`;

/**
 * The center's side of the queues. One job is one attempt: it is taken from the queue once and never returns to it,
 * because whether it may be given to another is the center's to decide.
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
        // It would come without an expiry.
        skipMetasUpdate: true,
      });
      // The connection is watched by the link.
      queue.on("error", () => {});
      return queue;
    });
    await link.orBroken(Promise.all(queues.map((_, shard) => describe(link, keys, shard))));
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
    const jobs = await this.#read(shard, ids);
    return ids.flatMap((id, at) => {
      const job = jobs[at]?.data;
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

  /** The hosts that took these jobs; undefined for a job that no host has taken or that has gone. */
  async hostsOf(shard: number, ids: readonly string[]): Promise<(string | undefined)[]> {
    return (await this.#read(shard, ids)).map((job) => job?.processedBy);
  }

  /**
   * Takes a job back: from then on its result is not accepted. False: a host holds its lock, or there is no such job. A
   * Redis without its data may have lost the job while a host still runs the attempt.
   */
  async takeBack(shard: number, id: string): Promise<boolean> {
    const job = this.keys.job(queueOf(shard), id);
    const takeBack = () => Promise.all([this.link.redis.exists(job), this.#queue(shard).remove(id)]);
    const [existed, removed] = await this.link.persist(takeBack);
    return existed === 1 && removed === 1;
  }

  /** Takes a job back, whoever holds it: a host that carries it out finds its lock gone, and ends it. */
  async revoke(shard: number, id: string): Promise<void> {
    const names = [this.keys.job(queueOf(shard), id), this.keys.lock(queueOf(shard), id)];
    await this.link.persist(() => this.link.redis.eval(revokeScript, names.length, ...names));
    await this.takeBack(shard, id);
  }

  /** The queue and these jobs of it live on as if they had been added now. */
  async keep(shard: number, ids: readonly string[]): Promise<void> {
    const { redis } = this.link;
    const queue = queueOf(shard);
    for (const some of batchesOf([...this.keys.queue(queue), ...ids.map((id) => this.keys.job(queue, id))])) {
      await this.link.persist(() => Promise.all(some.map((key) => redis.pexpire(key, keepMs))));
    }
  }

  /** Removes all that is in the queues, and the queues. */
  async clear(): Promise<void> {
    for (const queue of this.queues) await this.link.orBroken(queue.obliterate({ force: true }));
  }

  async close(): Promise<void> {
    await Promise.all(this.queues.map((queue) => queue.close().catch(() => {})));
  }

  async #read(shard: number, ids: readonly string[]): Promise<(Job<AttemptJob> | undefined)[]> {
    const queue = this.#queue(shard);
    const jobs: (Job<AttemptJob> | undefined)[] = [];
    for (const some of batchesOf(ids)) {
      jobs.push(...(await this.link.persist(() => Promise.all(some.map((id) => queue.getJob(id))))));
    }
    return jobs;
  }

  #queue(shard: number): Queue {
    return this.queues[shard] as Queue;
  }
}

/** As BullMQ would, with an expiry: what it is to know of a queue. Its events are kept short, for nobody reads them. */
function describe(link: RedisLink, keys: RunKeys, shard: number): Promise<unknown> {
  const meta = `${keys.prefix}:${queueOf(shard)}:meta`;
  return link.redis.multi().hset(meta, "opts.maxLenEvents", 10).pexpire(meta, keepMs).exec();
}

function batchesOf<Item>(items: readonly Item[]): Item[][] {
  const count = Math.ceil(items.length / batch);
  return Array.from({ length: count }, (_, at) => items.slice(at * batch, (at + 1) * batch));
}
