import { setTimeout as delay } from "node:timers/promises";
import type { Job, Worker } from "bullmq";
import { type HeldLock, renewLocks } from "../attempt-locks.js";
import type { RedisLink } from "../redis/redis-link.js";
import { queueOf, type RunKeys } from "../run-keys.js";
import type { AttemptJob } from "../run-records.js";

export interface JobSourceOptions {
  link: RedisLink;
  keys: RunKeys;
  /** The queues to take from. */
  shards: readonly number[];
  host: string;
  lockMs: number;
  /** Whether one more may be taken now. */
  hasRoom: () => boolean;
  onJob: (taken: TakenJob) => void;
}

/** An attempt that this host has the lock of. */
export interface TakenJob {
  id: string;
  shard: number;
  job: AttemptJob;
  /** When its lock was asked for; monotonic milliseconds. */
  takenAt: number;
  /** Takes the job out of the queue, after its result was delivered. */
  complete(): Promise<void>;
}

const closeMs = 2_000;

/** How long a look at an empty queue takes, in seconds. */
const waitS = 5;

/** Takes jobs by hand: when, how many, and what becomes of their locks is the host's to say. */
export class JobSource {
  readonly #held = new Map<string, HeldLock>();
  #isStopped = false;
  #next = 1;
  #wake: () => void = () => {};
  #room: Promise<void> | undefined;

  private constructor(
    private readonly options: JobSourceOptions,
    private readonly workers: readonly Worker<AttemptJob>[],
  ) {}

  static async open(options: JobSourceOptions): Promise<JobSource> {
    const { Worker } = await import("bullmq");
    const { link, keys, shards, host, lockMs } = options;
    const workers = shards.map((shard) => {
      const worker = new Worker<AttemptJob>(queueOf(shard), null, {
        connection: link.redis,
        prefix: keys.prefix,
        name: host,
        lockDuration: lockMs,
        drainDelay: waitS,
        autorun: false,
        skipVersionCheck: true,
      });
      // The connections are watched by the link.
      worker.on("error", () => {});
      return worker;
    });
    return new JobSource(options, workers);
  }

  /** Takes jobs until {@link stop}; with more than one queue, one more than there is room for may come of each. */
  async run(): Promise<void> {
    await Promise.all(this.workers.map((worker, at) => this.#takeFrom(worker, this.options.shards[at] as number)));
  }

  /** Takes nothing more; {@link run} resolves, and what was on its way has come. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#wake();
    const closing = Promise.all(this.workers.map((worker) => worker.close(true).catch(() => {})));
    // A connection that cannot be made is not waited for: what it holds open ends with the process.
    await Promise.race([closing, delay(closeMs, undefined, { ref: false })]);
  }

  /** There may be room again. */
  look(): void {
    this.#wake();
  }

  /** Renews locks; resolves with the attempts whose lock is lost. */
  renew(attempts: readonly string[]): Promise<string[]> {
    const held = attempts.flatMap((id) => this.#held.get(id) ?? []);
    return renewLocks(this.options.link, this.options.keys, held, this.options.lockMs);
  }

  async #takeFrom(worker: Worker<AttemptJob>, shard: number): Promise<void> {
    while (!this.#isStopped) {
      if (!this.options.hasRoom()) {
        await this.#untilRoom();
        continue;
      }
      const token = `${this.options.host}:${this.#next++}`;
      try {
        const job: Job<AttemptJob> | undefined = await worker.getNextJob(token);
        if (job) this.#hand(job, token, shard);
      } catch {
        // The connection broke; the link says so, or it comes back.
        await delay(200);
      }
      if (this.options.link.broken.aborted) return;
    }
  }

  #hand(job: Job<AttemptJob>, token: string, shard: number): void {
    const id = job.id as string;
    this.#held.set(id, { id, token, shard });
    // By the wall clock of this host, read right before the lock was asked for.
    const agoMs = Math.max(0, Date.now() - (job.processedOn ?? Date.now()));
    const complete = async () => {
      this.#held.delete(id);
      // Its lock may have ended: then the center removes the job.
      await job.moveToCompleted(null, token, false).catch(() => {});
    };
    this.options.onJob({ id, shard, job: job.data, takenAt: performance.now() - agoMs, complete });
  }

  #untilRoom(): Promise<void> {
    this.#room ??= new Promise<void>((resolve) => {
      this.#wake = resolve;
    }).finally(() => {
      this.#room = undefined;
    });
    return this.#room;
  }
}
