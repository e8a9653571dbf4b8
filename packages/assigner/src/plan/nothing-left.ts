import type { CellPlan } from "../attempt/cell-plan.js";

/** Explains in one line why nothing is left to run, and where to find details. */
export function nothingLeft(cells: readonly CellPlan[]): string {
  const sum = (count: (cell: CellPlan) => number) => cells.reduce((total, cell) => total + count(cell), 0);
  const kept = sum(({ excluded }) => excluded.filter(({ reason }) => reason === "failed before").length);
  const done = `${sum(({ done }) => done)} of ${sum(({ total }) => total)} samples have a result`;
  const failed = kept > 0 ? ` and ${kept} failed and are not retried (--keep-failed)` : "";
  return `Nothing is left to run: ${done}${failed} (for details use --runner dummy)`;
}
