import type { Logger } from "@eval/protocol/logger";
import type { AttemptOutcome, Grant } from "../../attempt/attempt.js";
import type { AttemptQueues, QueuedAttempt } from "./attempt-queues.js";
import { AttemptTable } from "./attempt-table.js";
import { type Action, decide, noObservations, type Observations, termOf } from "./decide.js";
import { HostSessions } from "./host-sessions.js";
import type { AnsweredClock } from "./redis/answered-clock.js";
import type { FinishedAttempt, ResultStore } from "./result-store.js";
import type { RunRegistry } from "./run-registry.js";
import { readEarlierAttempts, readSnapshot, resultsAtOnce } from "./run-snapshot.js";
import { chooseShard } from "./shards.js";

export interface AttemptTrackerOptions {
  queues: Pick<
    AttemptQueues,
    "shards" | "add" | "content" | "unlocked" | "hostsOf" | "jobs" | "revoke" | "takeBack" | "keep"
  >;
  store: Pick<ResultStore, "ids" | "has" | "read" | "remove" | "keep">;
  registry: Pick<RunRegistry, "term" | "assertTerm" | "hosts">;
  /** Prefix of the ids of this launch's attempts: its term, and what makes it unique among all launches. */
  launch: string;
  /** How long a lock lasts without a renewal, in milliseconds. */
  lockMs: number;
  /** Measures the silence of hosts: it stands still during an outage of Redis. */
  clock: AnsweredClock;
  logger: Logger;
  /** Ends an attempt. Resolves with false if its outcome is not on disk and must be kept in Redis. */
  finish: (attempt: string, outcome: AttemptOutcome) => Promise<boolean>;
  /** Ends the sessions of a host that is gone and has lost an attempt. Resolves when they have ended. */
  onHostGone: (host: string) => Promise<void>;
  /** A host has joined, for the first time or again. */
  onHostHere: (host: string) => void;
}

/**
 * The attempts that this launch has released, and their ends. A survey reads a snapshot of Redis, decides purely
 * (`decide.ts`) and acts. Each action is one atomic step in Redis. After it, the table says whether the attempt has
 * ended meanwhile.
 */
export class AttemptTracker {
  readonly #table: AttemptTable;
  readonly #sessions: HostSessions;
  #observed: Observations;
  /** Why a lost attempt could not be ended. */
  #fault: unknown;
  #hasReleased = false;

  constructor(private readonly options: AttemptTrackerOptions) {
    const { queues, onHostGone, logger } = options;
    this.#table = new AttemptTable(queues.shards);
    this.#sessions = new HostSessions(onHostGone, logger);
    this.#observed = noObservations(queues.shards);
  }

  /** Whether this launch has released any attempt. */
  get hasReleased(): boolean {
    return this.#hasReleased;
  }

  /** Attempts that are released and have not ended. */
  get inFlight(): number {
    return this.#table.size;
  }

  /** Living runner hosts at the latest survey. */
  get hostCount(): number {
    return this.#observed.hosts.size;
  }

  /** Attempts that earlier launches have released and not recorded. */
  earlierAttempts(): Promise<QueuedAttempt[]> {
    return readEarlierAttempts(this.options);
  }

  /** Continues an attempt of an earlier launch as this grant. Undefined: the sample is not needed, and the attempt ends. */
  async adopt({ id, shard }: QueuedAttempt, grant: Grant | undefined): Promise<void> {
    if (grant !== undefined) return this.#table.add(id, { attempt: grant.attempt, shard, phase: "queued" });
    await this.options.queues.revoke(shard, id);
    await this.options.store.remove([id]);
  }

  /** Adds attempts to the queues. Rejects with OUTPUT_LOCKED if another launch has taken the run over. */
  async release(grants: readonly Grant[]): Promise<void> {
    const { registry, queues, launch } = this.options;
    const { term } = registry;
    await registry.assertTerm();
    this.#hasReleased = true;
    const attempts = grants.map(({ attempt, ...sample }) => {
      const shard = chooseShard(this.#observed.slots, this.#table.inFlight);
      const id = `${launch}-${attempt}`;
      this.#table.add(id, { attempt, shard, phase: "adding" });
      return { id, shard, job: { ...sample, term } };
    });
    await queues.add(attempts);
    for (const { id } of attempts) this.#table.markQueued(id);
  }

  /** Records the results in Redis. Rejects with OUTPUT_LOCKED if another launch has taken the run over. */
  async collect(): Promise<void> {
    const { store } = this.options;
    for (;;) {
      const ids = this.#table.claimResults(await store.ids(resultsAtOnce));
      if (ids.length === 0) return;
      try {
        await this.#recordAll(ids);
      } finally {
        this.#table.releaseResults(ids);
      }
    }
  }

  /** Compares the attempts in flight with Redis, and ends lost ones. */
  async survey(): Promise<void> {
    if (this.#fault !== undefined) throw this.#fault;
    const { clock, registry, lockMs } = this.options;
    const now = clock.now();
    const steadyMs = clock.steadyMs;
    const snapshot = await readSnapshot(this.options);
    const circumstances = { now, steadyMs: Math.min(steadyMs, clock.steadyMs), term: registry.term, lockMs };
    const { observed, actions } = decide(this.#table, this.#observed, snapshot, circumstances);
    this.#observed = observed;
    for (const action of actions) await this.#act(action);
  }

  /** Renews the expiry of all attempts in flight and their results. */
  async keep(): Promise<void> {
    const { queues, store } = this.options;
    for (let shard = 0; shard < queues.shards; shard++) {
      const { waiting, active } = await queues.content(shard);
      await queues.keep(shard, [...waiting, ...active]);
    }
    await store.keep();
  }

  /** Takes back the attempts that no host has started. */
  async takeBackWaiting(): Promise<void> {
    const { queues, registry } = this.options;
    for (let shard = 0; shard < queues.shards; shard++) {
      const { waiting } = await queues.content(shard);
      const own = waiting.filter((id) => termOf(id) <= registry.term && !this.#table.isAdding(id));
      for (const id of own) await this.#takeBack(id, shard);
    }
  }

  /** Ends all attempts in flight, also those that hosts still run. */
  async revokeAll(): Promise<void> {
    for (const [id, { shard }] of [...this.#table.entries()]) {
      await this.options.queues.revoke(shard, id);
      await this.#end(id, { kind: "stopped" });
    }
  }

  async #recordAll(ids: readonly string[]): Promise<void> {
    const { store, registry } = this.options;
    const results = await store.read(ids);
    await registry.assertTerm();
    await Promise.all(results.map((result) => this.#record(result)));
    // A Redis that evicts keys may have dropped a result. Its attempt is missing from now on, and then lost.
    const found = new Set(results.map(({ id }) => id));
    await store.remove(ids.filter((id) => !found.has(id)));
  }

  /** The result of an attempt that has ended already is dropped. */
  async #record({ id, outcome }: FinishedAttempt): Promise<void> {
    if (await this.#end(id, outcome)) await this.options.store.remove([id]);
    else this.#table.keepUnwritten(id);
  }

  async #act(action: Action): Promise<void> {
    const { queues, logger, onHostHere } = this.options;
    switch (action.kind) {
      case "host joined": {
        const { host, entry } = action;
        onHostHere(host);
        logger.info(`Runner host ${host} is here (${entry.name}), for ${entry.slots} samples at once`);
        return;
      }
      case "host gone":
        logger.info(`Runner host ${action.host} is gone (${action.entry.name})`);
        return;
      case "end sessions":
        void this.#sessions.endOf(action.host);
        return;
      case "revoke":
        if (!this.#table.has(action.id)) await queues.revoke(action.shard, action.id);
        return;
      case "take back":
        return this.#takeBack(action.id, action.shard);
      case "reclaim":
        return this.#reclaim(action);
      case "forget":
        await this.#end(action.id, { kind: "lost", info: "Redis has forgotten it" });
        return;
    }
  }

  async #takeBack(id: string, shard: number): Promise<void> {
    if (!(await this.options.queues.takeBack(shard, id)) || (await this.#hasResult(id))) return;
    await this.#end(id, { kind: "stopped" });
  }

  /** Fails if its host has renewed it meanwhile. */
  async #reclaim({ id, shard, host }: Extract<Action, { kind: "reclaim" }>): Promise<void> {
    if (!(await this.options.queues.takeBack(shard, id)) || (await this.#hasResult(id))) return;
    const info = `its runner host ${host ?? "(unknown)"} has not renewed it for ${this.options.lockMs / 1_000} s`;
    void this.#endAfter(id, host === undefined ? Promise.resolve() : this.#suspect(host), info);
  }

  /** Resolves at once for a living host, whose sessions are ended if it is gone later. */
  #suspect(host: string): Promise<void> {
    if (!this.#observed.hosts.has(host)) return this.#sessions.endOf(host);
    this.#observed = { ...this.#observed, suspected: new Set([...this.#observed.suspected, host]) };
    return Promise.resolve();
  }

  /** Frees the attempt's units of capacity when its sessions have ended. Never rejects. */
  async #endAfter(id: string, sessionsEnded: Promise<void>, info: string): Promise<void> {
    this.#table.markDying(id);
    try {
      await sessionsEnded;
      await this.#end(id, { kind: "lost", info });
    } catch (error) {
      this.#fault = error;
    }
  }

  /** To be called when the job is gone: from then on no result can come, but one may have come just before. */
  async #hasResult(id: string): Promise<boolean> {
    return this.#table.isRecording(id) || (await this.options.store.has(id));
  }

  /** Resolves with true if nothing of the attempt has to be kept in Redis. */
  async #end(id: string, outcome: AttemptOutcome): Promise<boolean> {
    const attempt = this.#table.end(id);
    return attempt === undefined ? true : this.options.finish(attempt, outcome);
  }
}
