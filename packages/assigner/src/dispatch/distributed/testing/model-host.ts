import type { AttemptOutcome } from "../../../attempt/attempt.js";
import { type AttemptJob, aliveMs } from "../run-records.js";
import type { ModelRedis } from "./model-redis.js";

interface Running {
  job: AttemptJob;
  shard: number;
  heldFrom: number;
  endsAt: number;
}

/** A host ends an attempt this long before its lock ends; milliseconds. */
const marginMs = 1_000;

/** A runner host that follows the rules of the real one: it renews locks, fences itself, and delivers. */
export class ModelHost {
  readonly running = new Map<string, Running>();
  /** Samples whose sessions go on at workers though their host is dead. */
  readonly orphans = new Set<unknown>();
  /** Ended attempts that are not delivered yet. */
  readonly #ended = new Map<string, { run: Running; outcome: AttemptOutcome }>();
  isDead = false;
  isStalled = false;
  /** It does not reach Redis. */
  isCutOff = false;
  /** It was dead, stalled or cut off at any time. */
  wasAbsent = false;
  /** It was absent, or without Redis, at any time. */
  wasDisturbed = false;
  /** When it reaches Redis again after an outage: hosts are late by different times. */
  #backAt = 0;

  constructor(
    readonly id: string,
    private readonly shards: number[],
    private readonly redis: ModelRedis,
    private readonly lockMs: number,
    private readonly random: (below: number) => number,
  ) {}

  /** Samples that go on at this moment. A stalled host fences itself before anything else once it goes on. */
  get living(): unknown[] {
    if (this.isDead) return [...this.orphans];
    return this.isStalled ? [] : [...this.running.values()].map(({ job }) => job.index);
  }

  kill(): void {
    if (this.isDead) return;
    for (const [id, { job }] of this.running) {
      // If Redis has lost the job, no center can know whose sessions to end: they end with their lease.
      if (this.redis.jobs.get(id)?.host === this.id) this.orphans.add(job.index);
    }
    this.running.clear();
    this.#ended.clear();
    this.isDead = true;
  }

  /** Everything that a host does several times a second. */
  step(): void {
    if (this.isDead || this.isStalled || this.isCutOff) this.wasAbsent = true;
    if (!this.redis.isUp) this.#backAt = this.redis.now() + this.random(3_000);
    const isOffline = this.isCutOff || this.redis.now() < this.#backAt || !this.redis.isUp;
    if (this.wasAbsent || isOffline) this.wasDisturbed = true;
    if (this.isDead || this.isStalled) return;
    this.#fence();
    for (const [id, run] of this.running) {
      const output = { index: run.job.index, status: "completed", result: 1, history: null } as const;
      if (this.redis.now() >= run.endsAt) this.#end(id, { kind: "ended", output });
    }
    if (isOffline) return;
    const entry = { name: this.id, slots: 2, shards: this.shards };
    this.redis.hosts.set(this.id, { entry, until: this.redis.now() + aliveMs });
    this.#renew();
    for (const id of [...this.#ended.keys()]) this.#deliver(id);
    this.#take();
  }

  #fence(): void {
    for (const [id, { heldFrom }] of this.running) {
      const info = "its runner host ended it";
      if (this.redis.now() - heldFrom > this.lockMs - marginMs) this.#end(id, { kind: "lost", info });
    }
  }

  #renew(): void {
    for (const [id, run] of this.running) {
      const job = this.redis.jobs.get(id);
      const isOurs = job !== undefined && (!this.redis.isLocked(id) || job.lock?.host === this.id);
      if (!isOurs || job.isRevoked) this.#end(id, { kind: "lost", info: "its lock was gone" });
      else {
        job.lock = { host: this.id, until: this.redis.now() + this.lockMs };
        run.heldFrom = this.redis.now();
      }
    }
  }

  #end(id: string, outcome: AttemptOutcome): void {
    this.#ended.set(id, { run: this.running.get(id) as Running, outcome });
    this.running.delete(id);
  }

  #deliver(id: string): void {
    const ended = this.#ended.get(id);
    const job = this.redis.jobs.get(id);
    this.#ended.delete(id);
    if (ended === undefined || job === undefined) return;
    this.redis.results.set(id, { job: ended.run.job, outcome: ended.outcome });
    if (this.redis.isLocked(id) && job.lock?.host === this.id) this.redis.jobs.delete(id);
  }

  #take(): void {
    for (const [id, job] of this.redis.jobs) {
      if (this.running.size >= 2) return;
      if (job.host !== undefined || !this.shards.includes(job.shard)) continue;
      const now = this.redis.now();
      job.host = this.id;
      job.lock = { host: this.id, until: now + this.lockMs };
      this.running.set(id, { job: job.job, shard: job.shard, heldFrom: now, endsAt: now + this.random(8_000) });
    }
  }
}
