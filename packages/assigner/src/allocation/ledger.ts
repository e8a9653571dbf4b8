import type { Grant } from "../attempt/attempt.js";
import type { CellPlan, PlannedSample } from "../attempt/cell-plan.js";
import type { RetryPolicy } from "../attempt/retry-policy.js";
import { allocate } from "./allocator.js";
import { abandon, type Cell, cellsOf, type Side, sidesOf, startable, type Waiting, waiting } from "./ledger-cell.js";
import { preferNeverStarted, take } from "./probes.js";

/** A sample fails after this many lost runners, unless the policy says otherwise. */
const defaultExecutions = 3;

interface Running {
  grant: Grant;
  cell: Cell;
  startedAt: number;
}

interface Ended {
  grant: Grant;
  retried: boolean;
  durationMs: number;
}

/**
 * The plan, the samples in flight, and both capacities: the pure core of every center. It starts nothing; the time
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
    this.#cells = cellsOf(plans, this.#agents, this.#tasks);
  }

  get inFlight(): number {
    return this.#running.size;
  }

  inFlightOf(task: string): number {
    return inFlightOn(this.#tasks, task);
  }

  inFlightOfAgent(agent: string): number {
    return inFlightOn(this.#agents, agent);
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

  /** When the next retry is due; undefined if none is waiting. */
  nextDue(now: number): number | undefined {
    const dues = this.#cells.map(({ again }) => again.nextDue(now)).filter((due) => due !== undefined);
    return dues.length > 0 ? Math.min(...dues) : undefined;
  }

  /**
   * Grants as many attempts as the capacities allow, by maximum flow, and at most `limit`.
   * @param freeOf how many may be started on a task, regardless of its configured capacity
   * @param agentFreeOf the same for an agent with this many in flight
   * @param isProbing whether an agent or a task gets one attempt as a probe
   */
  grant(
    now: number,
    freeOf: (task: string) => number,
    limit = Number.POSITIVE_INFINITY,
    agentFreeOf: (agent: string, inFlight: number) => number = () => Number.POSITIVE_INFINITY,
    isProbing: (side: "agent" | "task", name: string) => boolean = () => false,
  ): Grant[] {
    for (const side of this.#agents) {
      side.free = Math.min(side.capacity - side.inFlight, agentFreeOf(side.name, side.inFlight));
    }
    for (const side of this.#tasks) side.free = Math.min(side.capacity - side.inFlight, freeOf(side.name));
    const isProbe = ({ plan }: Cell) => isProbing("agent", plan.agent) || isProbing("task", plan.task);
    const probes = new Set(this.#cells.filter(isProbe));
    for (const cell of this.#cells) cell.left = startable(cell, now);
    preferNeverStarted(probes, (cell) => [this.#agents[cell.agent] as Side, this.#tasks[cell.task] as Side]);
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
      for (let started = 0; started < count && grants.length < limit; started++) {
        grants.push(this.#start(cell, probes.has(cell), now));
      }
    }
    // Allocations that start nothing must not age the waiting cells.
    if (grants.length > 0) this.#sequence = sequence;
    return grants;
  }

  /** The grant of an attempt in flight. */
  grantOf(attempt: string): Grant | undefined {
    return this.#running.get(attempt)?.grant;
  }

  /**
   * Marks samples that are already running as in flight, so that they are not started again. One grant for each;
   * undefined for a sample that is not planned or is already in flight. Called before anything else is granted.
   */
  adopt(samples: readonly Omit<Grant, "attempt">[], now: number): (Grant | undefined)[] {
    const planned = this.#cells.map((cell) => new Map(cell.samples.map((sample) => [keyOf(sample), sample])));
    const grants = samples.map((sample) => {
      const at = this.#cells.findIndex(({ plan }) => plan.agent === sample.agent && plan.task === sample.task);
      if (!planned[at]?.delete(keyOf(sample))) return undefined;
      return this.#run(this.#cells[at] as Cell, sample, now);
    });
    this.#cells.forEach((cell, at) => {
      cell.samples = [...(planned[at]?.values() ?? [])];
    });
    return grants;
  }

  /** Ends an attempt that did not take place: its sample is the next to start. */
  putBack(attempt: string): Grant | undefined {
    const running = this.#end(attempt);
    running?.cell.again.putBack(running.grant);
    return running?.grant;
  }

  /** Whether the sample of an attempt whose runner is gone may move to another runner. */
  mayLose(attempt: string): boolean {
    const grant = this.#running.get(attempt)?.grant;
    return grant === undefined || executionsOf(grant) < this.#maxExecutions;
  }

  /** Ends an attempt whose runner is gone: its sample is the next to start, with the same attempt number. */
  lose(attempt: string): Grant | undefined {
    const running = this.#end(attempt);
    if (running === undefined) return undefined;
    running.cell.again.putBack({ ...running.grant, losses: running.grant.losses + 1 });
    return running.grant;
  }

  /**
   * Ends an attempt and frees its capacities. `retried`: the sample will be retried.
   * Undefined if the attempt is not in flight (any more); its outcome must not count then.
   */
  end(attempt: string, mayRetry: boolean, now: number): Ended | undefined {
    const running = this.#end(attempt);
    if (running === undefined) return undefined;
    const { grant, cell, startedAt } = running;
    const durationMs = now - startedAt;
    // A moving average over about the last ten samples.
    cell.secondsPerSample += (durationMs / 1000 - cell.secondsPerSample) * (grant.number === 1 ? 0.1 : 0.02);
    const number = grant.number + 1;
    const mayGoOn = number - grant.repeats <= this.retry.maxAttempts && executionsOf(grant) < this.#maxExecutions;
    const retried = mayRetry && mayGoOn;
    if (retried) cell.again.add({ ...grant, number }, now + this.retry.delayMs(number - grant.repeats));
    return { grant, retried, durationMs };
  }

  /** Ends an attempt that was not the sample's fault: it is retried from `due` on, and does not count for the retry policy. */
  repeat(attempt: string, due: number, now: number): Ended | undefined {
    const running = this.#end(attempt);
    if (running === undefined) return undefined;
    const { grant, cell, startedAt } = running;
    cell.again.add({ ...grant, number: grant.number + 1, repeats: grant.repeats + 1 }, due);
    return { grant, retried: true, durationMs: now - startedAt };
  }

  /** Removes all samples of a task or an agent that are not in flight from the plan; returns their number. */
  abandon(name: string, side: "agent" | "task" = "task"): number {
    const cells = this.#cells.filter(({ plan }) => plan[side] === name);
    return cells.reduce((count, cell) => count + abandon(cell), 0);
  }

  get #maxExecutions(): number {
    return this.retry.maxExecutions ?? Math.max(defaultExecutions, this.retry.maxAttempts);
  }

  #start(cell: Cell, isProbe: boolean, now: number): Grant {
    return this.#run(cell, take(cell, isProbe, now), now);
  }

  #run(cell: Cell, { index, epoch, number, losses, repeats }: Waiting, now: number): Grant {
    const { agent, task } = cell.plan;
    const grant = { attempt: String(this.#nextAttempt++), agent, task, index, epoch, number, losses, repeats };
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

function inFlightOn(sides: readonly Side[], name: string): number {
  return sides.find((side) => side.name === name)?.inFlight ?? 0;
}

/** How often the sample was run, including this attempt. */
function executionsOf({ number, losses, repeats }: Grant): number {
  return number + losses - repeats;
}

/** A unique text for each sample: 1 and "1" are different. */
function keyOf({ index, epoch }: PlannedSample): string {
  return JSON.stringify([index, epoch]);
}
