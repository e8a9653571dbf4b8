import type { CellPlan } from "../attempt/cell-plan.js";

/** People ask why: one line, and where the rest is told. */
export function nothingLeft(cells: readonly CellPlan[]): string {
  const sum = (count: (cell: CellPlan) => number) => cells.reduce((total, cell) => total + count(cell), 0);
  const kept = sum(({ excluded }) => excluded.filter(({ reason }) => reason === "failed before").length);
  const done = `${sum(({ done }) => done)} of ${sum(({ total }) => total)} samples have a result`;
  const failed = kept > 0 ? ` and ${kept} have failed, which --keep-failed keeps` : "";
  return `Nothing is left to run: ${done}${failed} (--runner dummy shows more)`;
}
