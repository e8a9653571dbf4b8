import type { Grant } from "../attempt/attempt.js";
import type { CellPlan, PlannedSample } from "../attempt/cell-plan.js";
import type { AllocationCell, AllocationSide } from "./allocation-problem.js";
import { RetryQueue } from "./retry-queue.js";

/** An agent or a task in the ledger. */
export interface Side extends AllocationSide {
  name: string;
  capacity: number;
  free: number;
  inFlight: number;
}

/** A sample to start as its attempt `number`; see {@link Grant}. */
export type Waiting = PlannedSample & Pick<Grant, "number" | "losses" | "repeats">;

/** A planned cell in the ledger. */
export interface Cell extends AllocationCell {
  plan: CellPlan;
  /** The plan's remaining samples; in its order, except those that probes moved forward. */
  samples: readonly PlannedSample[];
  /** Position of the next sample that was never started. */
  next: number;
  /** Number of probes with samples that had never been started. */
  probes: number;
  /** Samples that were put back or will be retried: thousands if failures are permanent. */
  again: RetryQueue<Waiting>;
}

export function sidesOf(names: readonly string[], capacity: ReadonlyMap<string, number>): Side[] {
  return [...new Set(names)].map((name) => {
    const most = capacity.get(name) ?? 1;
    return { name, capacity: most, free: most, inFlight: 0 };
  });
}

export function cellsOf(plans: readonly CellPlan[], agents: readonly Side[], tasks: readonly Side[]): Cell[] {
  const agentAt = positions(agents);
  const taskAt = positions(tasks);
  return plans.map((plan) => ({
    agent: agentAt.get(plan.agent) as number,
    task: taskAt.get(plan.task) as number,
    left: 0,
    priority: plan.priority,
    secondsPerSample: 1,
    lastServed: 0,
    plan,
    samples: plan.remaining,
    next: 0,
    probes: 0,
    again: new RetryQueue(),
  }));
}

/** The next sample that was never started. There must be one. */
export function neverStarted(cell: Cell): Waiting {
  const { index, epoch } = cell.samples[cell.next++] as PlannedSample;
  return { index, epoch, number: 1, losses: 0, repeats: 0 };
}

/** Number of samples that are neither in flight nor finished. */
export function waiting({ samples, next, again }: Cell): number {
  return samples.length - next + again.size;
}

/** Number of waiting samples that may start now. */
export function startable({ samples, next, again }: Cell, now: number): number {
  return samples.length - next + again.ready(now);
}

/** Removes the waiting samples from the plan; returns their number. */
export function abandon(cell: Cell): number {
  const count = waiting(cell);
  cell.next = cell.samples.length;
  cell.again.clear();
  return count;
}

function positions(sides: readonly Side[]): Map<string, number> {
  return new Map(sides.map(({ name }, at) => [name, at]));
}
