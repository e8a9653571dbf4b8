import type { PlannedSample } from "../attempt/cell-plan.js";
import { type Cell, neverStarted, type Side, type Waiting } from "./ledger-cell.js";

/** The next sample to start. There must be one: see `startable`. */
export function take(cell: Cell, isProbe: boolean, now: number): Waiting {
  return isProbe ? takeForProbe(cell, now) : (cell.again.take(now) ?? neverStarted(cell));
}

/**
 * The most informative sample about an agent or a task that failed: one that has not failed itself, from another place in
 * the plan than the last one, because neighbors may share a fault; else the one with the fewest attempts.
 */
function takeForProbe(cell: Cell, now: number): Waiting {
  if (!hasNeverStarted(cell)) return cell.again.takeLeast(now, ({ number }) => number) ?? neverStarted(cell);
  // The fractional parts of the golden ratio's multiples are evenly distributed between 0 and 1, however many there are.
  const part = (++cell.probes * 0.618034) % 1;
  const at = cell.next + Math.floor(part * (cell.samples.length - cell.next));
  const { samples, next } = cell;
  const tried = samples[at] as PlannedSample;
  // The other samples keep their order.
  cell.samples = [...samples.slice(0, next), tried, ...samples.slice(next, at), ...samples.slice(at + 1)];
  return neverStarted(cell);
}

/** Moves a probe to a cell of the same agent or task that has a sample that was never started, and can start it. */
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
