import { messageOf } from "@eval/protocol";
import type { CellPlan } from "../evaluation/plan.js";
import type { RunError } from "../results/journal-record.js";
import type { AttemptOutcome, Grant } from "./attempt.js";
import type { CenterOptions, Settlement, Starved } from "./center-options.js";
import { Ledger } from "./ledger.js";
import { Poll } from "./poll.js";
import { type CapacityReading, type Service, TaskCapacity } from "./task-capacity.js";

/** A runner that wants attempts. */
interface Taker {
  limit: number;
  resolve: (grants: Grant[] | undefined) => void;
}

/** Between two readings of the controllers' capacity, and after a 406; milliseconds. */
const readEveryMs = 2_000;
const readAgainMs = 200;

/** So many readings without a free slot, and the user is told. */
const idleReadings = 3;

/** Results that may wait for the disk before nothing more is started. */
const maxUnwritten = 10_000;

/** Hands the attempts of one plan out to those who take them, and takes their outcomes in. */
export class HandOut {
  /** Tasks that were given up. */
  readonly starved = new Map<string, Starved>();
  readonly #ledger: Ledger;
  readonly #capacity: TaskCapacity;
  readonly #takers: Taker[] = [];
  readonly #reading = new Poll(() => this.#read(), readEveryMs, readAgainMs);
  #retryTimer: NodeJS.Timeout | undefined;
  /** When `#retryTimer` goes off; monotonic milliseconds. */
  #retryAt = Number.POSITIVE_INFINITY;
  /** Readings in a row that found a task served, but with nothing free for us. */
  readonly #idle = new Map<string, number>();
  #unwritten = 0;

  /**
   * @param stopped nothing is handed out any more once it is aborted
   * @param onFailure told when an outcome cannot be written
   */
  constructor(
    plan: readonly CellPlan[],
    private readonly options: CenterOptions,
    private readonly stopped: AbortSignal,
    private readonly onFailure: (error: unknown) => void,
  ) {
    this.#ledger = new Ledger(plan, options.capacity, options.retry);
    this.#capacity = new TaskCapacity(new Set(plan.map(({ task }) => task)), performance.now());
  }

  start(): void {
    this.#reading.start();
  }

  stop(): void {
    this.#reading.stop();
    clearTimeout(this.#retryTimer);
  }

  /** Attempts, at most `limit`, as soon as there are any. Undefined: the run is over. */
  take(limit: number): Promise<Grant[] | undefined> {
    return new Promise((resolve) => {
      this.#takers.push({ limit, resolve });
      this.pump();
    });
  }

  /** Frees an attempt's capacities at once, and resolves when its outcome is on disk. */
  async finish(attempt: string, outcome: AttemptOutcome): Promise<void> {
    if (outcome.kind === "not available" || outcome.kind === "stopped") return this.#putBack(attempt, outcome.kind);
    if (outcome.kind === "lost") return this.#lose(attempt, outcome.info);
    const ended = this.#ledger.end(attempt, mayBeRetried(outcome), performance.now());
    if (ended === undefined) return;
    this.#capacity.ended(ended.grant.task);
    this.options.onEnd?.(ended.grant);
    this.#unwritten += 1;
    this.pump();
    try {
      await this.options.record({ ...ended, outcome });
    } catch (error) {
      this.onFailure(error);
    } finally {
      this.#unwritten -= 1;
      this.pump();
    }
  }

  /** Hands out what may start. Synchronous: no await between the decision and the claim. */
  pump(): void {
    if (this.#takers.length === 0) return;
    if (this.stopped.aborted || (this.#ledger.isDone && this.#unwritten === 0)) {
      for (const { resolve } of this.#takers.splice(0)) resolve(undefined);
      return;
    }
    if (this.#unwritten > maxUnwritten) return;
    const now = performance.now();
    while (this.#takers.length > 0 && this.#serve(this.#takers[0] as Taker, now)) this.#takers.shift();
    this.#wakeForRetries(now);
  }

  #serve({ limit, resolve }: Taker, now: number): boolean {
    const grants = this.#ledger.grant(now, (task) => this.#capacity.freeOf(task, now), limit);
    if (grants.length === 0) return false;
    for (const grant of grants) {
      this.#capacity.started(grant.task);
      this.options.onGrant?.(grant);
    }
    resolve(grants);
    return true;
  }

  #putBack(attempt: string, why: "not available" | "stopped"): void {
    const grant = this.#ledger.putBack(attempt);
    if (grant === undefined) return;
    this.options.onEnd?.(grant);
    if (why === "not available") {
      this.#capacity.exhausted(grant.task);
      this.#reading.soon();
    }
    this.pump();
  }

  /** A sample that took several runners with it is not given to yet another. */
  async #lose(attempt: string, info: string): Promise<void> {
    if (!this.#ledger.mayLose(attempt)) {
      return this.finish(attempt, { kind: "failed", error: "RUNNER_LOST", info, output: null });
    }
    const grant = this.#ledger.lose(attempt);
    if (grant === undefined) return;
    this.#capacity.ended(grant.task);
    this.options.onEnd?.(grant);
    this.options.logger.warn(`${grant.agent} / ${grant.task}: sample ${grant.index} goes to another runner: ${info}`);
    this.pump();
  }

  #wakeForRetries(now: number): void {
    const due = this.#ledger.nextDue(now);
    if (due === undefined || due >= this.#retryAt) return;
    const wake = () => {
      this.#retryAt = Number.POSITIVE_INFINITY;
      this.pump();
    };
    clearTimeout(this.#retryTimer);
    this.#retryAt = due;
    this.#retryTimer = setTimeout(wake, Math.max(1, due - now));
  }

  async #read(): Promise<void> {
    if (this.stopped.aborted) return;
    const tasks = [...this.options.capacity.task.keys()].filter(
      (task) => this.#ledger.waitingFor(task) > 0 || this.#ledger.inFlightOf(task) > 0,
    );
    const asked = performance.now();
    for (const task of tasks) this.#capacity.asking(task, asked);
    try {
      const readings = await this.options.readCapacity(tasks, this.stopped);
      const now = performance.now();
      for (const task of tasks) this.#apply(task, readings.get(task), now);
    } catch (error) {
      if (!this.stopped.aborted) this.options.logger.warn(`Could not read the capacities: ${messageOf(error)}`);
    }
    this.pump();
  }

  #apply(task: string, reading: CapacityReading | undefined, now: number): void {
    const before = this.#capacity.serviceOf(task);
    this.#capacity.apply(task, reading, now);
    const service = this.#capacity.serviceOf(task);
    if (service === "served" && before !== "served") this.options.logger.info(`${task} is served again`);
    if (service !== "served" && before !== service) this.options.logger.warn(`${task}: ${reasons[service]}; waiting`);
    if (service === "served") this.#sayIfCrowdedOut(task, now);
    else this.#giveUpIfStarved(task, service, now);
  }

  /** Somebody else may hold all slots of a task: the user should know why nothing happens. */
  #sayIfCrowdedOut(task: string, now: number): void {
    const isIdle = this.#ledger.inFlightOf(task) === 0 && this.#ledger.waitingFor(task) > 0;
    const readings = isIdle && this.#capacity.freeOf(task, now) <= 0 ? (this.#idle.get(task) ?? 0) + 1 : 0;
    this.#idle.set(task, readings);
    if (readings === idleReadings) {
      this.options.logger.warn(`${task}: others hold all that its workers can run; waiting for a free slot`);
    }
  }

  /** A task that nobody serves must not keep the run open. */
  #giveUpIfStarved(task: string, service: Exclude<Service, "served">, now: number): void {
    const isWaitedFor = this.#capacity.starvedFor(task, now) < this.options.waitForWorkersMs;
    if (isWaitedFor || this.#ledger.inFlightOf(task) > 0) return;
    const left = this.#ledger.abandon(task);
    if (left === 0) return;
    const why = reasons[service];
    this.starved.set(task, { left, why });
    this.options.logger.error(`${task}: ${why}; ${left} samples are left for the next launch`);
  }
}

/** Failures that the same sample would meet again. */
const final: ReadonlySet<RunError> = new Set(["RUNNER_LOST", "TURN_LIMIT"]);

/** Whether an attempt failed so that the same sample may do better. */
function mayBeRetried(outcome: Settlement["outcome"]): boolean {
  return outcome.kind === "failed" ? !final.has(outcome.error) : outcome.output.status === "task error";
}

const reasons = {
  "without workers": "no worker is registered at its controller",
  away: "its controller is out of reach",
} as const;
