import { CodedError } from "@eval/protocol";
import type { QueuedAttempt } from "../attempt-queues.js";
import type { AttemptTrackerOptions } from "../attempt-tracker.js";
import type { AttemptJob, AttemptResult, HostEntry } from "../run-records.js";

interface ModelJob {
  shard: number;
  job: AttemptJob;
  /** The host that took it; undefined while it waits. */
  host: string | undefined;
  lock: { host: string; until: number } | undefined;
  isRevoked: boolean;
}

/** What a center uses of Redis, in this process. Each command is atomic, as the scripts of the real one are. */
export class ModelRedis {
  readonly jobs = new Map<string, ModelJob>();
  readonly results = new Map<string, AttemptResult>();
  readonly hosts = new Map<string, { entry: HostEntry; until: number }>();
  term: number | undefined = 0;
  isUp = true;
  hasForgotten = false;

  constructor(
    readonly shards: number,
    readonly now: () => number,
    /** Called before each command of a center: the rest of the world goes on. */
    private readonly meanwhile: () => Promise<void>,
  ) {}

  forget(): void {
    this.jobs.clear();
    this.results.clear();
    this.hosts.clear();
    this.term = undefined;
    this.hasForgotten = true;
  }

  isLocked(id: string): boolean {
    return (this.jobs.get(id)?.lock?.until ?? 0) > this.now();
  }

  remove(id: string): boolean {
    if (this.isLocked(id)) return false;
    return this.jobs.delete(id);
  }

  /** @param onRevoke called with every attempt that is revoked */
  queues(onRevoke: (id: string) => void): AttemptTrackerOptions["queues"] {
    const idsOf = (shard: number, isActive: boolean) =>
      [...this.jobs]
        .filter(([, job]) => job.shard === shard && (job.host !== undefined) === isActive)
        .map(([id]) => id);
    return {
      shards: this.shards,
      add: async (attempts) => {
        for (const one of attempts) await this.#command(() => this.#add(one));
      },
      content: (shard) => this.#command(() => ({ waiting: idsOf(shard, false), active: idsOf(shard, true) })),
      unlocked: (_, ids) => this.#command(() => ids.filter((id) => !this.isLocked(id))),
      hostsOf: (_, ids) => this.#command(() => ids.map((id) => this.jobs.get(id)?.host)),
      jobs: (_, ids) => this.#command(() => ids.flatMap((id) => this.#queued(id))),
      revoke: (_, id) =>
        this.#command(() => {
          onRevoke(id);
          this.jobs.delete(id);
        }),
      takeBack: (_, id) => this.#command(() => this.remove(id)),
      keep: () => this.#command(() => {}),
    };
  }

  store(): AttemptTrackerOptions["store"] {
    return {
      ids: (limit) => this.#command(() => [...this.results.keys()].slice(0, limit)),
      has: (id) => this.#command(() => this.results.has(id)),
      read: (ids) =>
        this.#command(() =>
          ids.flatMap((id) => {
            const result = this.results.get(id);
            return result === undefined ? [] : [{ id, ...result }];
          }),
        ),
      remove: (ids) =>
        this.#command(() => {
          for (const id of ids) this.results.delete(id);
        }),
      keep: () => this.#command(() => {}),
    };
  }

  registry(term: number): AttemptTrackerOptions["registry"] {
    return {
      term,
      assertTerm: () =>
        this.#command(() => {
          if (this.term !== undefined && this.term !== term) throw new CodedError("OUTPUT_LOCKED", "taken over");
        }),
      hosts: () =>
        this.#command(() => {
          const living = [...this.hosts].filter(([, { until }]) => until > this.now());
          return new Map(living.map(([host, { entry }]) => [host, entry]));
        }),
    };
  }

  #add({ id, shard, job }: QueuedAttempt): void {
    if (!this.jobs.has(id)) this.jobs.set(id, { shard, job, host: undefined, lock: undefined, isRevoked: false });
  }

  #queued(id: string): QueuedAttempt[] {
    const job = this.jobs.get(id);
    return job === undefined ? [] : [{ id, shard: job.shard, job: job.job }];
  }

  async #command<T>(run: () => T): Promise<T> {
    await this.meanwhile();
    return run();
  }
}
