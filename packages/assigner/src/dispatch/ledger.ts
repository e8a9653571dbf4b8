import type { CellPlan, PlannedSample } from "../evaluation/plan.js";
import type { AllocationCell, AllocationSide } from "./allocation-problem.js";
import { allocate } from "./allocator.js";
import type { Grant } from "./attempt.js";
import { RetryQueue } from "./retry-queue.js";

export interface RetryPolicy {
  /** Attempts at one sample, in one launch. 1: failures are final. */
  maxAttempts: number;
  /** Milliseconds to wait before attempt `number` (2 and more). */
  delayMs: (number: number) => number;
}

/** Waits 1 s, 2 s, 4 s, ... up to a minute, each shortened by up to a quarter so that retries do not come in waves. */
export function exponentialBackoff(number: number, random: () => number = Math.random): number {
  return Math.min(60_000, 1_000 * 2 ** (number - 2)) * (1 - random() / 4);
}

/** A sample that so many runners were lost with has failed. */
const maxLosses = 3;

interface Side extends AllocationSide {
  name: string;
  capacity: number;
  free: number;
  inFlight: number;
}

/** A sample to be started as its attempt `number`. */
interface Waiting extends PlannedSample {
  number: number;
  losses: number;
}

interface Cell extends AllocationCell {
  plan: CellPlan;
  /** Position of the next sample in `plan.remaining` that was never started. */
  next: number;
  /** Put back or to be tried again: thousands where failures are permanent. */
  again: RetryQueue<Waiting>;
}

interface Running {
  grant: Grant;
  cell: Cell;
  startedAt: number;
}

/**
 * What is planned, what is in flight, and both capacities: the pure heart of every centre. It starts nothing; the time
 * (monotonic milliseconds) is an argument.
 */
export class Ledger {
  readonly #agents: Side[];
  readonly #tasks: Side[];
  readonly #cells: Cell[];
  readonly #running = new Map<string, Running>();
  #sequence = 0;
  #nextAttempt = 1;

  constructor(
    plans: readonly CellPlan[],
    capacity: { agent: ReadonlyMap<string, number>; task: ReadonlyMap<string, number> },
    private readonly retry: RetryPolicy,
  ) {
    this.#agents = sidesOf(
      plans.map(({ agent }) => agent),
      capacity.agent,
    );
    this.#tasks = sidesOf(
      plans.map(({ task }) => task),
      capacity.task,
    );
    const agentAt = positions(this.#agents);
    const taskAt = positions(this.#tasks);
    this.#cells = plans.map((plan) => ({
      agent: agentAt.get(plan.agent) as number,
      task: taskAt.get(plan.task) as number,
      left: 0,
      priority: plan.priority,
      secondsPerSample: 1,
      lastServed: 0,
      plan,
      next: 0,
      again: new RetryQueue(),
    }));
  }

  get inFlight(): number {
    return this.#running.size;
  }

  inFlightOf(task: string): number {
    return this.#tasks.find(({ name }) => name === task)?.inFlight ?? 0;
  }

  /** Samples of a task that are neither in flight nor finished. */
  waitingFor(task: string): number {
    const cells = this.#cells.filter(({ plan }) => plan.task === task);
    return cells.reduce((sum, cell) => sum + waiting(cell), 0);
  }

  /** Nothing is in flight and nothing is left to start, now or later. */
  get isDone(): boolean {
    return this.#running.size === 0 && this.#cells.every((cell) => waiting(cell) === 0);
  }

  /** When the next sample that waits for its retry is due; undefined where none waits. */
  nextDue(now: number): number | undefined {
    let next: number | undefined;
    for (const { again } of this.#cells) {
      const due = again.nextDue(now);
      if (due !== undefined && (next === undefined || due < next)) next = due;
    }
    return next;
  }

  /**
   * Starts as much as the capacities allow, by maximum flow, and at most `limit` attempts.
   * @param freeOf what the controller has free of a task
   */
  grant(now: number, freeOf: (task: string) => number, limit = Number.POSITIVE_INFINITY): Grant[] {
    for (const side of this.#agents) side.free = side.capacity - side.inFlight;
    for (const side of this.#tasks) side.free = Math.min(side.capacity - side.inFlight, freeOf(side.name));
    for (const cell of this.#cells) cell.left = startable(cell, now);
    const sequence = this.#sequence + 1;
    const grants: Grant[] = [];
    for (const { cell: at, count } of allocate({
      agents: this.#agents,
      tasks: this.#tasks,
      cells: this.#cells,
      sequence,
    })) {
      const cell = this.#cells[at] as Cell;
      cell.lastServed = sequence;
      for (let started = 0; started < count && grants.length < limit; started++) grants.push(this.#start(cell, now));
    }
    // Allocations that start nothing must not age those that wait.
    if (grants.length > 0) this.#sequence = sequence;
    return grants;
  }

  /** Ends an attempt that did not take place: its sample is the next to start. */
  putBack(attempt: string): Grant | undefined {
    const running = this.#end(attempt);
    running?.cell.again.putBack(running.grant);
    return running?.grant;
  }

  /** Whether the sample of an attempt whose runner is gone may go to another. */
  mayLose(attempt: string): boolean {
    return (this.#running.get(attempt)?.grant.losses ?? 0) + 1 < maxLosses;
  }

  /** Ends an attempt whose runner is gone: its sample is the next to start, as the same attempt number. */
  lose(attempt: string): Grant | undefined {
    const running = this.#end(attempt);
    if (running === undefined) return undefined;
    running.cell.again.putBack({ ...running.grant, losses: running.grant.losses + 1 });
    return running.grant;
  }

  /**
   * Ends an attempt and frees its capacities. `retried`: it will be tried again.
   * Undefined: the attempt is not in flight (any more), and its outcome must not count.
   */
  end(
    attempt: string,
    mayRetry: boolean,
    now: number,
  ): { grant: Grant; retried: boolean; durationMs: number } | undefined {
    const running = this.#end(attempt);
    if (running === undefined) return undefined;
    const { grant, cell, startedAt } = running;
    const durationMs = now - startedAt;
    // A moving average over the last ten or so.
    cell.secondsPerSample += (durationMs / 1000 - cell.secondsPerSample) * (grant.number === 1 ? 0.1 : 0.02);
    const number = grant.number + 1;
    const retried = mayRetry && number <= this.retry.maxAttempts;
    if (retried) cell.again.add({ ...grant, number }, now + this.retry.delayMs(number));
    return { grant, retried, durationMs };
  }

  /** Takes what is not in flight of a task out of the plan; returns how many samples that were. */
  abandon(task: string): number {
    let count = 0;
    for (const cell of this.#cells) {
      if (cell.plan.task !== task) continue;
      count += waiting(cell);
      cell.next = cell.plan.remaining.length;
      cell.again.clear();
    }
    return count;
  }

  #start(cell: Cell, now: number): Grant {
    const { index, epoch, number, losses } = cell.again.take(now) ?? neverStarted(cell);
    const { agent, task } = cell.plan;
    const grant = { attempt: String(this.#nextAttempt++), agent, task, index, epoch, number, losses };
    this.#running.set(grant.attempt, { grant, cell, startedAt: now });
    (this.#agents[cell.agent] as Side).inFlight += 1;
    (this.#tasks[cell.task] as Side).inFlight += 1;
    return grant;
  }

  #end(attempt: string): Running | undefined {
    const running = this.#running.get(attempt);
    if (running === undefined) return undefined;
    this.#running.delete(attempt);
    (this.#agents[running.cell.agent] as Side).inFlight -= 1;
    (this.#tasks[running.cell.task] as Side).inFlight -= 1;
    return running;
  }
}

function neverStarted(cell: Cell): Waiting {
  const { index, epoch } = cell.plan.remaining[cell.next++] as PlannedSample;
  return { index, epoch, number: 1, losses: 0 };
}

function waiting({ plan, next, again }: Cell): number {
  return plan.remaining.length - next + again.size;
}

function startable({ plan, next, again }: Cell, now: number): number {
  return plan.remaining.length - next + again.ready(now);
}

function sidesOf(names: readonly string[], capacity: ReadonlyMap<string, number>): Side[] {
  return [...new Set(names)].map((name) => {
    const most = capacity.get(name) ?? 1;
    return { name, capacity: most, free: most, inFlight: 0 };
  });
}

function positions(sides: readonly Side[]): Map<string, number> {
  return new Map(sides.map(({ name }, at) => [name, at]));
}
