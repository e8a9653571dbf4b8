import { setMaxListeners } from "node:events";
import { CodedError, messageOf } from "@eval/protocol";
import type { Logger } from "@eval/protocol/logger";
import type { CellPlan } from "../evaluation/plan.js";
import type { AttemptOutcome, Grant } from "./attempt.js";
import { makeRunners } from "./in-process.js";
import { Ledger, type RetryPolicy } from "./ledger.js";
import type { Runner, RunnerDescriptor } from "./runner.js";
import { type CapacityReading, TaskCapacity } from "./task-capacity.js";

/** The definition of an agent or a task, as the configuration has it, with references to the environment resolved. */
export interface ModuleDefinition {
  module: string;
  parameters: Record<string, unknown>;
}

/** What came of an attempt, as the journal is told. */
export interface Settlement {
  grant: Grant;
  outcome: Extract<AttemptOutcome, { kind: "ended" | "failed" }>;
  /** A failure that will be tried again. */
  retried: boolean;
  durationMs: number;
}

/** What every centre is built with. */
export interface CenterOptions {
  agents: Record<string, ModuleDefinition>;
  tasks: Record<string, ModuleDefinition>;
  /** Absolute folder of the configuration file. */
  configDir: string;
  cwd: string;
  /** The same over all launches into one output folder. */
  runId: string;
  /** Seconds that a session outlives its runner's last sign of life. */
  leaseS: number;
  /** How long a task without workers, and a controller out of reach, are waited for; milliseconds. */
  waitForWorkersMs: number;
  capacity: { agent: ReadonlyMap<string, number>; task: ReadonlyMap<string, number> };
  retry: RetryPolicy;
  logger: Logger;
  /** What the controllers have free of these tasks. A task that is not in the answer could not be asked for. */
  readCapacity: (tasks: readonly string[], signal: AbortSignal) => Promise<ReadonlyMap<string, CapacityReading>>;
  /** Resolves when the outcome is on disk. */
  record: (settlement: Settlement) => Promise<void>;
  onGrant?: (grant: Grant) => void;
  /** An attempt is over, and its capacities are free; its outcome may not be on disk yet. */
  onEnd?: (grant: Grant) => void;
}

/** How a run ended. */
export interface DispatchResult {
  /** Tasks that no worker came for, with the number of samples left. */
  starved: Map<string, number>;
  stopped: boolean;
}

/** A runner that wants attempts. */
interface Taker {
  limit: number;
  resolve: (grants: Grant[] | undefined) => void;
}

/** Between two readings of the controllers' capacity, and after a 406; milliseconds. */
const readEveryMs = 2_000;
const readAgainMs = 200;

/** Results that may wait for the disk before nothing more is started. */
const maxUnwritten = 10_000;

/**
 * Decides which sample goes to which runner, and when. It owns the plan, the two capacities (agent, task) and the retry
 * policy; where its runners live and how they are spoken to is for the subclass to say.
 */
export abstract class DispatchCenter<Param = unknown> {
  readonly #stop = new AbortController();
  readonly #starved = new Map<string, number>();
  #ledger: Ledger | undefined;
  #capacity = new TaskCapacity([], 0);
  #runners: Runner<unknown>[] = [];
  readonly #waiting: Taker[] = [];
  readonly #timers = new Set<NodeJS.Timeout>();
  #reading = false;
  #readSoon: NodeJS.Timeout | undefined;
  #unwritten = 0;
  #failure: unknown;

  constructor(protected readonly options: CenterOptions) {
    // Every attempt under way listens.
    setMaxListeners(0, this.#stop.signal);
  }

  /** Which runners there are. */
  abstract initRunners(): RunnerDescriptor[];

  /** What is sent to each runner; structured-cloneable. Called in the main process. */
  abstract getSharedParam(): Param;

  /** A runner's message; the answer goes back to it. */
  abstract onRequest(runner: string, message: unknown): Promise<unknown>;

  /** Called once, after the last runner has ended. */
  async postProcess(): Promise<void> {}

  /** Makes the runners, and with them the agents: a wrong agent shows here, before anything is waited for. */
  async launch(): Promise<void> {
    this.#runners = await makeRunners(this.initRunners(), {
      param: this.getSharedParam(),
      onRequest: (runner, message) => this.onRequest(runner, message),
      logger: this.options.logger,
      signal: this.#stop.signal,
    });
  }

  /** Carries the plan out. Resolves when nothing is left, or after {@link stop}. Rejects when results cannot be written. */
  async start(plan: readonly CellPlan[]): Promise<DispatchResult> {
    const { capacity, retry } = this.options;
    this.#ledger = new Ledger(plan, capacity, retry);
    this.#capacity = new TaskCapacity(new Set(plan.map(({ task }) => task)), performance.now());
    void this.#read();
    const reader = setInterval(() => void this.#read(), readEveryMs);
    try {
      await Promise.all(this.#runners.map((runner) => runner.doRun()));
      await this.postProcess();
    } finally {
      clearInterval(reader);
      clearTimeout(this.#readSoon);
      for (const timer of this.#timers) clearTimeout(timer);
    }
    if (this.#failure) throw this.#failure;
    return { starved: this.#starved, stopped: this.#stop.signal.aborted };
  }

  /** Starts nothing more, and ends what runs. */
  stop(reason: string): void {
    if (this.#stop.signal.aborted) return;
    this.#stop.abort(new Error(reason));
    this.#pump();
  }

  /** Attempts for a runner, at most `limit`, as soon as there are any. Undefined: the run is over. */
  protected take(limit = Number.POSITIVE_INFINITY): Promise<Grant[] | undefined> {
    return new Promise((resolve) => {
      this.#waiting.push({ limit, resolve });
      this.#pump();
    });
  }

  /**
   * Ends an attempt: frees its capacities at once, and resolves when its outcome is on disk. The outcome of an attempt
   * that is not in flight is ignored.
   */
  protected async finish(attempt: string, outcome: AttemptOutcome): Promise<void> {
    const ledger = this.#started();
    if (outcome.kind === "not available" || outcome.kind === "stopped") {
      const grant = ledger.putBack(attempt);
      if (grant) this.options.onEnd?.(grant);
      if (grant && outcome.kind === "not available") this.#exhausted(grant.task);
      return this.#pump();
    }
    const failed = outcome.kind === "failed" || outcome.output.status === "task error";
    const ended = ledger.end(attempt, failed, performance.now());
    if (ended === undefined) return;
    this.#capacity.ended(ended.grant.task);
    this.options.onEnd?.(ended.grant);
    this.#unwritten += 1;
    this.#pump();
    try {
      await this.options.record({ ...ended, outcome });
    } catch (error) {
      this.#failure ??= error;
      this.stop(`a result could not be written: ${messageOf(error)}`);
    } finally {
      this.#unwritten -= 1;
      this.#pump();
    }
  }

  /** Hands out what may start. Synchronous: no await between the decision and the claim. */
  #pump(): void {
    const ledger = this.#ledger;
    if (ledger === undefined || this.#waiting.length === 0) return;
    if (this.#stop.signal.aborted || (ledger.isDone && this.#unwritten === 0)) {
      for (const { resolve } of this.#waiting.splice(0)) resolve(undefined);
      return;
    }
    if (this.#unwritten > maxUnwritten) return;
    const now = performance.now();
    while (this.#waiting.length > 0) {
      const { limit, resolve } = this.#waiting[0] as Taker;
      const grants = ledger.grant(now, (task) => this.#capacity.freeOf(task), limit);
      if (grants.length === 0) break;
      this.#waiting.shift();
      for (const grant of grants) {
        this.#capacity.started(grant.task);
        this.options.onGrant?.(grant);
      }
      resolve(grants);
    }
    this.#wakeForRetries(ledger, now);
  }

  #wakeForRetries(ledger: Ledger, now: number): void {
    const due = ledger.nextDue(now);
    if (due === undefined || this.#timers.size > 0) return;
    const timer = setTimeout(
      () => {
        this.#timers.delete(timer);
        this.#pump();
      },
      Math.max(1, due - now),
    );
    this.#timers.add(timer);
  }

  #exhausted(task: string): void {
    this.#capacity.exhausted(task);
    this.#readSoon ??= setTimeout(() => {
      this.#readSoon = undefined;
      void this.#read();
    }, readAgainMs);
  }

  async #read(): Promise<void> {
    if (this.#reading || this.#stop.signal.aborted) return;
    this.#reading = true;
    try {
      const ledger = this.#started();
      const tasks = [...this.options.capacity.task.keys()].filter(
        (task) => ledger.waitingFor(task) > 0 || ledger.inFlightOf(task) > 0,
      );
      for (const task of tasks) this.#capacity.asking(task);
      const readings = await this.options.readCapacity(tasks, this.#stop.signal);
      const now = performance.now();
      for (const task of tasks) this.#capacity.apply(task, readings.get(task), now);
      for (const task of tasks) this.#giveUpIfStarved(task, now);
    } catch (error) {
      if (!this.#stop.signal.aborted) this.options.logger.warn(`Could not read the capacities: ${messageOf(error)}`);
    } finally {
      this.#reading = false;
      this.#pump();
    }
  }

  /** A task that no worker comes for must not keep the run open. */
  #giveUpIfStarved(task: string, now: number): void {
    const ledger = this.#started();
    if (this.#capacity.starvedFor(task, now) < this.options.waitForWorkersMs || ledger.inFlightOf(task) > 0) return;
    const left = ledger.abandon(task);
    if (left === 0) return;
    this.#starved.set(task, left);
    this.options.logger.error(`No worker of ${task} is there: ${left} samples are left for the next launch`);
  }

  #started(): Ledger {
    if (this.#ledger) return this.#ledger;
    throw new CodedError("INTERNAL", "the dispatch center has not been started");
  }
}
