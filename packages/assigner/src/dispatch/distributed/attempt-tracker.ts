import type { Logger } from "@eval/protocol/logger";
import type { AttemptOutcome, Grant } from "../../attempt/attempt.js";
import type { AttemptQueues, QueuedAttempt } from "./attempt-queues.js";
import { HostRegistry } from "./host-registry.js";
import type { AnsweredClock } from "./redis/answered-clock.js";
import type { FinishedAttempt, ResultStore } from "./result-store.js";
import { aliveMs } from "./run-records.js";
import type { RunRegistry } from "./run-registry.js";
import { chooseShard } from "./shards.js";

/** An attempt that was released, and has not ended. */
interface Released {
  /** The ledger's name of it. */
  attempt: string;
  shard: number;
}

export interface AttemptTrackerOptions {
  queues: AttemptQueues;
  store: ResultStore;
  registry: RunRegistry;
  /** Begins the ids of this launch's attempts; unique among all launches. */
  launch: string;
  lockMs: number;
  /** Silence is judged by it: in an outage of the Redis nobody can be heard. */
  clock: AnsweredClock;
  logger: Logger;
  /** Ends an attempt. False: its outcome is not on disk, and must be kept. */
  finish: (attempt: string, outcome: AttemptOutcome) => Promise<boolean>;
  /** A host that has lost an attempt and gives no sign of life any more. Resolves when nothing of it runs any more. */
  onHostGone: (host: string) => Promise<void>;
  /** A host is there, for the first time or again. */
  onHostHere: (host: string) => void;
}

/** Results that are read at once: each may be a long transcript. */
const resultsAtOnce = 200;

/** What is released, and what becomes of it: the truth is read from Redis, again and again. */
export class AttemptTracker {
  readonly #released = new Map<string, Released>();
  readonly #inFlight: number[];
  /** Results that are on their way to the disk. */
  readonly #recording = new Set<string>();
  /** Results that could not be written down: they stay where they are, for the next launch. */
  readonly #unwritten = new Set<string>();
  /** Active attempts without a lock, when they were last looked at, and since when; by the clock. */
  #unlocked = new Map<string, number>();
  /** Attempts of earlier launches that nobody here knows of, when they were last looked at. */
  #strange: ReadonlySet<string> = new Set();
  /** Attempts that are lost, as soon as their host's sessions have ended. */
  readonly #dying = new Set<string>();
  /** Why one of them could not be ended. */
  #fault: unknown;
  #hasReleased = false;
  /** Attempts of which there is no trace, with the moment in which that was seen first; by the clock. */
  readonly #missing = new Map<string, number>();
  readonly hosts: HostRegistry;

  constructor(private readonly options: AttemptTrackerOptions) {
    this.#inFlight = new Array<number>(options.queues.shards).fill(0);
    this.hosts = new HostRegistry(options.queues.shards, options.logger, options.onHostGone, options.onHostHere);
  }

  /** Whether this launch has given anything to hosts. */
  get hasReleased(): boolean {
    return this.#hasReleased;
  }

  /** Attempts that are released and have not ended. */
  get inFlight(): number {
    return this.#released.size;
  }

  /** What an earlier launch has left: attempts that have ended, that wait, and that are under way. */
  async leftBehind(): Promise<QueuedAttempt[]> {
    const { queues, store } = this.options;
    const left = new Map<string, QueuedAttempt>();
    const finished = await store.ids(Number.MAX_SAFE_INTEGER);
    for (let at = 0; at < finished.length; at += resultsAtOnce) {
      for (const { id, job } of await store.read(finished.slice(at, at + resultsAtOnce))) {
        left.set(id, { id, job, shard: 0 });
      }
    }
    for (let shard = 0; shard < queues.shards; shard++) {
      const { active, waiting } = await queues.content(shard);
      for (const attempt of await queues.jobs(shard, [...active, ...waiting])) {
        if (!left.has(attempt.id)) left.set(attempt.id, attempt);
      }
    }
    return [...left.values()];
  }

  /** An attempt that was left behind goes on as this grant; undefined: nobody needs it, and it is ended. */
  async adopt({ id, shard }: QueuedAttempt, grant: Grant | undefined): Promise<void> {
    if (grant !== undefined) return this.#track(id, { attempt: grant.attempt, shard });
    await this.options.queues.revoke(shard, id);
    await this.options.store.remove([id]);
  }

  /** Gives attempts to the hosts. */
  async release(grants: readonly Grant[]): Promise<void> {
    const { registry, queues, launch } = this.options;
    const { term } = registry;
    await registry.assertTerm();
    this.#hasReleased = true;
    const attempts = grants.map(({ attempt, ...sample }) => {
      const shard = chooseShard(this.hosts.slots, this.#inFlight);
      const id = `${launch}-${attempt}`;
      this.#track(id, { attempt, shard });
      return { id, shard, job: { ...sample, term } };
    });
    await queues.add(attempts);
  }

  /** Takes results in. */
  async collect(): Promise<void> {
    const { store } = this.options;
    for (;;) {
      const ids = (await store.ids(resultsAtOnce)).filter((id) => !this.#recording.has(id) && !this.#unwritten.has(id));
      if (ids.length === 0) return;
      for (const id of ids) this.#recording.add(id);
      const results = await store.read(ids);
      await Promise.all(results.map((result) => this.#record(result)));
      // A Redis that evicts keys may have dropped a result: its attempt is missed, and then lost.
      const found = new Set(results.map(({ id }) => id));
      await store.remove(ids.filter((id) => !found.has(id)));
      for (const id of ids) this.#recording.delete(id);
    }
  }

  /** Looks at the hosts, and for what is lost. */
  async survey(): Promise<void> {
    const { registry, queues, store } = this.options;
    if (this.#fault !== undefined) throw this.#fault;
    this.hosts.update(await registry.hosts(), this.#isSteady);
    const traces = new Set<string>();
    const strange = new Set<string>();
    const unlocked = new Map<string, number>();
    const now = this.options.clock.now();
    for (let shard = 0; shard < queues.shards; shard++) {
      const { waiting, active } = await queues.content(shard);
      for (const id of [...waiting, ...active]) {
        traces.add(id);
        if (!this.#isStrange(id)) continue;
        if (this.#strange.has(id)) await queues.revoke(shard, id);
        else strange.add(id);
      }
      for (const id of await queues.unlocked(shard, active)) {
        const since = this.#unlocked.get(id);
        if (since === undefined || !(await this.#judge(id, shard, now - since))) unlocked.set(id, since ?? now);
      }
      await this.#moveWaiting(shard, waiting);
    }
    this.#unlocked = unlocked;
    this.#strange = strange;
    for (const id of await store.ids(Number.MAX_SAFE_INTEGER)) traces.add(id);
    await this.#findMissing(traces);
    this.hosts.bury();
  }

  /**
   * A centre from which the run was taken may have released something after this one had looked at what was left. What
   * a later launch has released is none of ours.
   */
  #isStrange(id: string): boolean {
    const [term] = id.split("-", 1);
    return !this.#released.has(id) && !this.#recording.has(id) && Number(term) < this.options.registry.term;
  }

  /** Whether whoever lives has had the time for a sign of life since the Redis answers. */
  get #isSteady(): boolean {
    return this.options.clock.steadyMs >= aliveMs;
  }

  /** What is in flight lives on in Redis as if it had been released now. */
  async keep(): Promise<void> {
    const { queues, store } = this.options;
    for (let shard = 0; shard < queues.shards; shard++) {
      const { waiting, active } = await queues.content(shard);
      await queues.keep(shard, [...waiting, ...active]);
    }
    await store.keep();
  }

  /** Takes back what no host has begun with. */
  async takeBackWaiting(): Promise<void> {
    const { queues } = this.options;
    for (let shard = 0; shard < queues.shards; shard++) {
      const { waiting } = await queues.content(shard);
      for (const id of waiting) await this.#takeBack(id, shard);
    }
  }

  /** Ends all that is in flight, whoever carries it out. */
  async revokeAll(): Promise<void> {
    for (const [id, { shard }] of [...this.#released]) {
      await this.options.queues.revoke(shard, id);
      await this.#end(id, { kind: "stopped" });
    }
  }

  async #record({ id, outcome }: FinishedAttempt): Promise<void> {
    // An attempt that was given up, or whose result came before: nothing more is to become of it.
    if (this.#unwritten.has(id)) return;
    const isWritten = !this.#released.has(id) || (await this.#end(id, outcome));
    if (isWritten) await this.options.store.remove([id]);
    else this.#unwritten.add(id);
  }

  /**
   * An active attempt that nobody renews: its host is gone, or has ended it by itself, and will say so. False: whether
   * it is gone remains to be seen.
   */
  async #judge(id: string, shard: number, unlockedMs: number): Promise<boolean> {
    const { queues, lockMs } = this.options;
    if (!this.#isSteady) return false;
    const host = await queues.hostOf(shard, id);
    const isThere = host !== undefined && this.hosts.has(host);
    if (isThere && unlockedMs < aliveMs) return false;
    if (!(await queues.takeBack(shard, id)) || (await this.#hasResult(id))) return true;
    const info = `its runner host ${host ?? "(unknown)"} has not renewed it for ${lockMs / 1_000} s`;
    void this.#endAfter(id, host === undefined ? Promise.resolve() : this.hosts.suspect(host), info);
    return true;
  }

  /** Its units of capacity are free when nothing of it runs any more. Never rejects. */
  async #endAfter(id: string, sessionsEnded: Promise<void>, info: string): Promise<void> {
    this.#dying.add(id);
    try {
      await sessionsEnded;
      await this.#end(id, { kind: "lost", info });
    } catch (error) {
      this.#fault = error;
    } finally {
      this.#dying.delete(id);
    }
  }

  /** What waits where no host serves any more goes where one does. */
  async #moveWaiting(shard: number, waiting: readonly string[]): Promise<void> {
    if (this.hosts.size === 0 || (this.hosts.slots[shard] ?? 0) > 0) return;
    for (const id of waiting) await this.#takeBack(id, shard);
  }

  async #takeBack(id: string, shard: number): Promise<void> {
    if (!(await this.options.queues.takeBack(shard, id)) || (await this.#hasResult(id))) return;
    await this.#end(id, { kind: "stopped" });
  }

  /** Asked once its job is gone: no result can come any more, but one may have come just before. */
  async #hasResult(id: string): Promise<boolean> {
    return this.#recording.has(id) || (await this.options.store.has(id));
  }

  /** A Redis that was started anew without its data has forgotten jobs; their hosts end them when they notice. */
  async #findMissing(traces: ReadonlySet<string>): Promise<void> {
    const now = this.options.clock.now();
    for (const id of this.#released.keys()) {
      if (traces.has(id) || this.#recording.has(id) || this.#dying.has(id)) this.#missing.delete(id);
      else if (!this.#missing.has(id)) this.#missing.set(id, now);
    }
    for (const [id, since] of this.#missing) {
      if (!this.#released.has(id)) this.#missing.delete(id);
      else if (now - since > this.options.lockMs) await this.#end(id, { kind: "lost", info: "Redis has forgotten it" });
    }
  }

  #track(id: string, released: Released): void {
    this.#released.set(id, released);
    this.#inFlight[released.shard] = (this.#inFlight[released.shard] ?? 0) + 1;
  }

  async #end(id: string, outcome: AttemptOutcome): Promise<boolean> {
    const released = this.#released.get(id);
    if (released === undefined) return true;
    this.#released.delete(id);
    this.#missing.delete(id);
    this.#inFlight[released.shard] = (this.#inFlight[released.shard] ?? 1) - 1;
    return this.options.finish(released.attempt, outcome);
  }
}
