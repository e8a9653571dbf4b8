import type { PlannedSample } from "../attempt/cell-plan.js";
import { type Cell, neverStarted, type Side, type Waiting } from "./ledger-cell.js";

/** The next sample to start. There has to be one: see `startable`. */
export function take(cell: Cell, isProbe: boolean, now: number): Waiting {
  return isProbe ? takeForProbe(cell, now) : (cell.again.take(now) ?? neverStarted(cell));
}

/**
 * The sample that tells most of an agent or a task that failed: one that did not fail itself, and from another place of
 * the plan than the one before, as neighbours may have a fault in common; else the one that was tried least.
 */
function takeForProbe(cell: Cell, now: number): Waiting {
  if (!hasNeverStarted(cell)) return cell.again.takeLeast(now, ({ number }) => number) ?? neverStarted(cell);
  // The multiples of the golden ratio, without their whole part, lie evenly between 0 and 1 however many there are.
  const part = (++cell.probes * 0.618034) % 1;
  const at = cell.next + Math.floor(part * (cell.samples.length - cell.next));
  const { samples, next } = cell;
  const tried = samples[at] as PlannedSample;
  // The others keep their order.
  cell.samples = [...samples.slice(0, next), tried, ...samples.slice(next, at), ...samples.slice(at + 1)];
  return neverStarted(cell);
}

/** A try goes to a cell that has what was never started, where one of the same agent or task has such and can start it. */
export function preferNeverStarted(probes: ReadonlySet<Cell>, sidesOf: (cell: Cell) => Side[]): void {
  const canStart = (cell: Cell) => hasNeverStarted(cell) && sidesOf(cell).every(({ free }) => free > 0);
  const sides = new Set([...probes].filter(canStart).flatMap(sidesOf));
  for (const cell of probes) {
    if (!hasNeverStarted(cell) && sidesOf(cell).some((side) => sides.has(side))) cell.left = 0;
  }
}

function hasNeverStarted({ samples, next }: Cell): boolean {
  return next < samples.length;
}
