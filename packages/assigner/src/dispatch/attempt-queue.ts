import { Ledger } from "../allocation/ledger.js";
import type { AttemptOutcome, EndedAttempt, Grant } from "../attempt/attempt.js";
import type { CellPlan } from "../attempt/cell-plan.js";
import type { Overload } from "../attempt/overload.js";
import { mayBeRetried } from "../attempt/retry-policy.js";
import { Protection, type SideKind } from "../protection/protection.js";
import type { CenterOptions, Starved } from "./center-options.js";
import { TaskWatch } from "./task-watch.js";

/** A runner that is waiting for attempts. */
interface Taker {
  limit: number;
  resolve: (grants: Grant[] | undefined) => void;
}

/** Maximum number of results that wait for the disk; above it, nothing new is started. */
const maxUnwritten = 10_000;

/** Number of identical failures in a row that open a circuit. */
const defaultCircuit = 10;

/** Grants the attempts of one plan to runners, and processes their outcomes. */
export class AttemptQueue {
  /** Tasks and agents that were given up. */
  readonly starved = new Map<string, Starved>();
  readonly #ledger: Ledger;
  readonly #protection: Protection;
  readonly #watch: TaskWatch;
  readonly #takers: Taker[] = [];
  #timer: NodeJS.Timeout | undefined;
  /** When `#timer` fires; monotonic milliseconds. */
  #timerAt = Number.POSITIVE_INFINITY;
  #unwritten = 0;
  #abandoned: string | undefined;

  /**
   * @param stopped when aborted, nothing more is granted
   * @param onFailure called when an outcome cannot be written
   */
  constructor(
    plan: readonly CellPlan[],
    private readonly options: CenterOptions,
    private readonly stopped: AbortSignal,
    private readonly onFailure: (error: unknown) => void,
  ) {
    const { capacity, retry, logger, readCapacity, waitForWorkersMs, circuit = defaultCircuit } = options;
    this.#ledger = new Ledger(plan, capacity, retry);
    const circuits = { threshold: circuit, giveUpMs: waitForWorkersMs };
    this.#protection = new Protection(plan, capacity.agent, { ...circuits, delayMs: retry.delayMs, logger });
    this.#watch = new TaskWatch({
      ...{ readCapacity, logger, waitForWorkersMs, stopped },
      tasks: new Set(plan.map(({ task }) => task)),
      ledger: this.#ledger,
      onReading: () => this.pump(),
      onStarved: (task, why) => this.#giveUp("task", task, why),
    });
  }

  start(): void {
    this.#watch.start();
  }

  stop(): void {
    this.#watch.stop();
    clearTimeout(this.#timer);
  }

  /** See {@link Ledger.adopt}. */
  adopt(samples: readonly Omit<Grant, "attempt">[]): (Grant | undefined)[] {
    const grants = this.#ledger.adopt(samples, performance.now());
    for (const grant of grants) {
      if (grant === undefined) continue;
      this.#protection.started(grant);
      this.options.onGrant?.(grant);
    }
    return grants;
  }

  /** Removes all samples from the plan that are not in flight, now or later. */
  abandon(why: string): void {
    this.#abandoned = why;
    this.pump();
  }

  /** Resolves with at most `limit` attempts, as soon as there are any. Undefined if the run is over. */
  take(limit: number): Promise<Grant[] | undefined> {
    return new Promise((resolve) => {
      this.#takers.push({ limit, resolve });
      this.pump();
    });
  }

  /** Reports that the endpoint of an attempt's agent is overloaded. */
  overloaded(attempt: string, overload: Overload): void {
    const agent = this.#ledger.grantOf(attempt)?.agent;
    if (agent === undefined) return;
    this.#protection.overloaded(agent, overload, this.#ledger.inFlightOfAgent(agent), performance.now());
  }

  /** Frees an attempt's capacities at once, and resolves when its outcome is on disk. */
  async finish(attempt: string, outcome: AttemptOutcome): Promise<void> {
    if (outcome.kind === "not available" || outcome.kind === "stopped") return this.#putBack(attempt, outcome.kind);
    if (outcome.kind === "lost") return this.#lose(attempt, outcome.info);
    const ended = this.#end(attempt, outcome, performance.now());
    if (ended === undefined) return;
    this.#watch.capacity.ended(ended.grant.task);
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

  /** Grants what may start. Synchronous: no await between the decision and the claim. */
  pump(): void {
    this.#giveUpWhatFails();
    if (this.#abandoned !== undefined) this.#abandonAll(this.#abandoned);
    if (this.#takers.length === 0) return;
    if (this.stopped.aborted || (this.#ledger.isDone && this.#unwritten === 0)) {
      for (const { resolve } of this.#takers.splice(0)) resolve(undefined);
      return;
    }
    if (this.#unwritten > maxUnwritten) return;
    const now = performance.now();
    while (this.#takers.length > 0 && this.#serve(this.#takers[0] as Taker, now)) this.#takers.shift();
    this.#wakeLater(now);
  }

  #serve({ limit, resolve }: Taker, now: number): boolean {
    const protection = this.#protection;
    const grants = this.#ledger.grant(
      now,
      (task) => Math.min(this.#watch.capacity.freeOf(task, now), protection.taskRoom(task, now)),
      limit,
      (agent, inFlight) => protection.agentRoom(agent, inFlight, now),
      (side, name) => protection.isProbing(side, name),
    );
    if (grants.length === 0) return false;
    for (const grant of grants) {
      this.#watch.capacity.started(grant.task);
      protection.started(grant);
      this.options.onGrant?.(grant);
    }
    resolve(grants);
    return true;
  }

  #end(attempt: string, outcome: EndedAttempt, now: number) {
    const grant = this.#ledger.grantOf(attempt);
    if (grant === undefined) return undefined;
    const inFlight = this.#ledger.inFlightOfAgent(grant.agent);
    const due = this.#protection.ended(grant, outcome, inFlight, now);
    if (due !== undefined) return this.#ledger.repeat(attempt, due, now);
    return this.#ledger.end(attempt, mayBeRetried(outcome), now);
  }

  #putBack(attempt: string, why: "not available" | "stopped"): void {
    const grant = this.#ledger.putBack(attempt);
    if (grant === undefined) return;
    this.#protection.released(grant);
    this.options.onEnd?.(grant);
    if (why === "not available") this.#watch.exhausted(grant.task);
    else this.#watch.capacity.ended(grant.task);
    this.pump();
  }

  /** A sample that was lost with several runners fails instead of moving to yet another. */
  async #lose(attempt: string, info: string): Promise<void> {
    if (!this.#ledger.mayLose(attempt)) {
      return this.finish(attempt, { kind: "failed", error: "RUNNER_LOST", info, output: null });
    }
    const grant = this.#ledger.lose(attempt);
    if (grant === undefined) return;
    this.#protection.released(grant);
    this.#watch.capacity.ended(grant.task);
    this.options.onEnd?.(grant);
    this.options.logger.warn(`${grant.agent} / ${grant.task}: sample ${grant.index} moves to another runner: ${info}`);
    this.pump();
  }

  /** Sets the timer for the next retry or the end of the next pause. */
  #wakeLater(now: number): void {
    const dues = [this.#ledger.nextDue(now), this.#protection.nextChange(now)].filter((due) => due !== undefined);
    const due = Math.min(...dues);
    if (dues.length === 0 || due >= this.#timerAt) return;
    const wake = () => {
      this.#timerAt = Number.POSITIVE_INFINITY;
      this.pump();
    };
    clearTimeout(this.#timer);
    this.#timerAt = due;
    this.#timer = setTimeout(wake, Math.max(1, due - now));
  }

  #giveUpWhatFails(): void {
    for (const { side, name, why } of this.#protection.givenUp()) {
      const inFlight = side === "task" ? this.#ledger.inFlightOf(name) : this.#ledger.inFlightOfAgent(name);
      if (inFlight === 0) this.#giveUp(side, name, why);
    }
  }

  /** A task or an agent that stays unavailable for too long must not keep the run open. */
  #giveUp(side: SideKind, name: string, why: string): void {
    const more = this.#ledger.abandon(name, side);
    if (more === 0) return;
    const label = side === "task" ? name : `agent ${name}`;
    const before = this.starved.get(label)?.left;
    this.starved.set(label, { left: more + (before ?? 0), why });
    // Samples that return later are counted, and reported at the end.
    if (before === undefined)
      this.options.logger.error(`${label}: ${why}; ${more} samples are left for the next launch`);
  }

  #abandonAll(why: string): void {
    for (const task of this.options.capacity.task.keys()) this.#giveUp("task", task, why);
  }
}
