import { setMaxListeners } from "node:events";
import { isCodedError, messageOf } from "@eval/protocol";
import type { AttemptOutcome } from "../../../attempt/attempt.js";
import { LeaseKeeper } from "../../../session/lease-keeper.js";
import { Poll } from "../../poll.js";
import { ResultStore } from "../result-store.js";
import { aliveMs, pulseMs, type RunState } from "../run-records.js";
import type { HostSessionEnd, HostSessionOptions } from "./host-session-options.js";
import { JobSource, type TakenJob } from "./job-source.js";
import { Fenced, LockKeeper } from "./lock-keeper.js";
import { LockWatch } from "./lock-watch.js";
import { type HeldGrant, type QueueMessage, QueueRunner } from "./queue-runner.js";
import { reported } from "./reported-outcome.js";

/** A run may be unknown for so long, while its center tells a Redis that was started anew. */
const unknownMs = 5_000;

/** One host's part in one launch of a run: takes attempts, has them carried out, and delivers what came of them. */
export class HostSession {
  readonly #locks: LockKeeper;
  readonly #watch = new LockWatch();
  readonly #store: ResultStore;
  readonly #taken = new Map<string, TakenJob>();
  readonly #ready: HeldGrant[] = [];
  readonly #signal = new AbortController();
  #source: JobSource | undefined;
  #taker: ((grant: HeldGrant | undefined) => void) | undefined;
  #end: HostSessionEnd | undefined;
  #isTaking = true;
  #term: number;
  /** When there was a run last, and when it had a center; in time in which the Redis answered. */
  #knownAt: number;
  #ledAt: number;

  constructor(private readonly options: HostSessionOptions) {
    const { link, keys, state } = options;
    this.#store = new ResultStore(link, keys);
    this.#term = state.term;
    this.#knownAt = link.clock.now();
    this.#ledAt = link.clock.now();
    this.#locks = new LockKeeper({
      lockMs: state.lockMs,
      renew: (attempts) => (this.#source as JobSource).renew(attempts),
      isOutage: () => link.isAway || link.isSilent,
      onDeadline: (inMs) => this.#watch.moveDeadline(inMs),
    });
    setMaxListeners(0, this.#signal.signal);
  }

  /** Serves until there is nothing more to do here. Rejects with REDIS_UNREACHABLE. */
  async run(): Promise<HostSessionEnd> {
    const { link, keys, broker, shards, shared, state, logger } = this.options;
    const source = await JobSource.open({
      link,
      keys,
      shards,
      host: broker.host,
      lockMs: state.lockMs,
      hasRoom: () => this.#isTaking && this.#taken.size < this.options.concurrency,
      onJob: (taken) => void this.#accept(taken),
    });
    this.#source = source;
    const leases = new LeaseKeeper([...shared.tasks.values()], shared.leaseS, logger);
    leases.keep(shared.owner);
    const pulse = new Poll(() => this.#pulse(), pulseMs, 0);
    link.broken.addEventListener("abort", () => this.#finish("drained", link.broken.reason));
    this.#watch.start();
    this.#locks.start();
    pulse.start();
    // First: in an outage no host could renew its locks, and Redis may have dropped them.
    const unlisten = link.onReturn(() => {
      this.#locks.renewAfresh();
      pulse.soon();
    });
    const services = { id: broker.host, logger, signal: this.#signal.signal };
    const runner = new QueueRunner(shared, (message) => this.#onRequest(message as QueueMessage), services);
    try {
      // A look that a broken link has left open has nothing to bring.
      const taking = link.orBroken(source.run()).catch(() => {});
      await leases.during(() => Promise.all([taking, runner.doRun()]));
    } finally {
      unlisten();
      pulse.stop();
      this.#locks.stop();
      this.#watch.stop();
      await source.stop();
    }
    link.broken.throwIfAborted();
    return this.#end ?? "over";
  }

  /** Takes nothing more, and ends when what runs has ended. */
  drain(): void {
    this.#finish("drained");
  }

  /** Ends what runs; its samples go to other hosts. */
  abort(reason: string): void {
    this.#finish("drained", new Error(reason));
  }

  get running(): number {
    return this.#taken.size;
  }

  #finish(end: HostSessionEnd, abortReason?: unknown): void {
    this.#end ??= end;
    this.#isTaking = false;
    if (abortReason !== undefined) for (const id of this.#taken.keys()) this.#locks.abort(id, abortReason);
    void this.#source?.stop().then(() => this.#serveTaker());
  }

  async #onRequest(message: QueueMessage): Promise<unknown> {
    if (message.type === "finish") return this.#deliver(message.attempt, message.outcome);
    return new Promise((resolve) => {
      this.#taker = resolve;
      this.#serveTaker();
    });
  }

  #serveTaker(): void {
    const grant = this.#ready.shift();
    if (this.#taker === undefined || (grant === undefined && this.#end === undefined)) {
      if (grant !== undefined) this.#ready.unshift(grant);
      return;
    }
    const taker = this.#taker;
    this.#taker = undefined;
    taker(grant);
  }

  async #accept(taken: TakenJob): Promise<void> {
    const { id, job } = taken;
    this.#taken.set(id, taken);
    const signal = this.#locks.hold(id, await this.#heldFrom(taken));
    setMaxListeners(0, signal);
    this.#locks.fence();
    if (signal.aborted) return this.#deliver(id, { kind: "stopped" });
    // Of a launch that this host has not heard of: its definitions may be others.
    if (job.term > this.#term) await this.#pulse();
    if (!this.#isTaking) return this.#deliver(id, { kind: "stopped" });
    this.#ready.push({ ...job, attempt: id, signal });
    this.#serveTaker();
  }

  /** A lock that a Redis has given late is younger than it seems: one renewal says how old it is at the most. */
  async #heldFrom({ id, takenAt }: TakenJob): Promise<number> {
    if (!this.#locks.isOld(takenAt)) return takenAt;
    const askedAt = performance.now();
    const lost = await this.#source?.renew([id]).catch(() => [id]);
    return lost?.length === 0 ? askedAt : takenAt;
  }

  async #deliver(id: string, outcome: AttemptOutcome): Promise<void> {
    const taken = this.#taken.get(id) as TakenJob;
    const { logger } = this.options;
    try {
      const { shard, job } = taken;
      const isAccepted = await this.#store.deliver(id, shard, job, this.#reported(id, outcome));
      if (!isAccepted)
        logger.warn(`Sample ${job.index} of ${job.task} was taken from this host; its outcome is dropped`);
      await taken.complete();
    } catch (error) {
      // A link that is broken ends the service.
      if (!isCodedError(error)) logger.error(`A result could not be delivered: ${messageOf(error)}`);
    } finally {
      this.#locks.release(id);
      this.#taken.delete(id);
      this.#source?.look();
    }
  }

  #reported(id: string, outcome: AttemptOutcome): AttemptOutcome {
    const { redact, logger } = this.options;
    const reason = this.#locks.reasonOf(id);
    if (reason instanceof Fenced) logger.warn(`An attempt was ended by this host: ${reason.message}`);
    return reported(outcome, reason, redact);
  }

  async #pulse(): Promise<void> {
    const { broker, concurrency, shards, waitMs, link } = this.options;
    try {
      const { state, isLed } = await broker.news();
      const now = link.clock.now();
      if (state !== undefined) this.#knownAt = now;
      if (isLed) this.#ledAt = now;
      await this.#obey(state);
      if (now - this.#knownAt > unknownMs) this.#finish("over");
      // A center that could not give a sign of life either is given the time for one.
      const isAlone = now - this.#ledAt > waitMs && link.clock.steadyMs >= aliveMs;
      if (isAlone && this.#taken.size === 0) this.#finish("left alone");
      if (this.#end === undefined) await broker.register(concurrency, shards);
      else if (this.#taken.size > 0) await broker.register(this.#taken.size, shards);
    } catch (error) {
      if (!link.broken.aborted) this.options.logger.debug(`No sign of life could be given: ${messageOf(error)}`);
    }
  }

  async #obey(state: RunState | undefined): Promise<void> {
    if (state === undefined) return;
    const stop = new Error("the run was stopped");
    if (state.phase === "over") return this.#finish("over", stop);
    this.#isTaking = state.phase === "running" && this.#end === undefined;
    if (state.phase === "stopping") for (const id of this.#taken.keys()) this.#locks.abort(id, stop);
    if (state.term !== this.#term) {
      this.#term = state.term;
      if ((await this.options.broker.param()) !== this.options.param) this.#finish("changed");
    }
    this.#source?.look();
  }
}
