import type { SampleIndex } from "@eval/protocol";
import type { CellPlan, PlanCell, RecordedEpoch, RepeatedCellPlan } from "../attempt/cell-plan.js";

export interface CellPlanOptions {
  /** Repetitions of each sample; default 1. */
  epochs?: number;
  /** Does not retry samples that have only failed so far; default false. */
  keepFailed?: boolean;
}

/** The remaining samples of a cell. Indices that the task lists twice are planned once. */
export function planCell(
  cell: PlanCell,
  indices: readonly SampleIndex[],
  recorded: Iterable<RecordedEpoch> = [],
  { epochs = 1, keepFailed = false }: CellPlanOptions = {},
): RepeatedCellPlan {
  const distinct = [...new Set(indices)];
  const match = indexMatcher(distinct);
  const byEpoch = new Map([...recorded].map((record) => [record.epoch, record]));
  const plan: RepeatedCellPlan = { ...cell, remaining: [], total: 0, done: 0, excluded: [], epochs: [] };
  const planned = Array.from({ length: epochs }, (_, at) => at + 1);
  const further = [...byEpoch.keys()].filter((epoch) => epoch > epochs).sort((one, other) => one - other);
  for (const epoch of [...planned, ...further]) {
    const before = plan.done;
    planEpoch(plan, distinct, match, byEpoch.get(epoch), epoch, keepFailed, epoch > epochs);
    const done = plan.done - before;
    plan.total += epoch > epochs ? done : distinct.length;
    plan.epochs.push({ epoch, total: distinct.length, done });
  }
  return plan;
}

function planEpoch(
  plan: CellPlan,
  indices: readonly SampleIndex[],
  match: IndexMatcher,
  recorded: RecordedEpoch | undefined,
  epoch: number,
  keepFailed: boolean,
  isOver: boolean,
): void {
  const accepted = new Set<SampleIndex>();
  for (const index of new Set(recorded?.accepted)) {
    const known = match(index);
    if (known === undefined) plan.excluded.push({ index, epoch, reason: "not in task" });
    else accepted.add(known);
  }
  const failed = new Set(keepFailed ? [...(recorded?.failed ?? [])].map(match) : []);
  for (const index of indices) {
    if (accepted.has(index)) plan.done++;
    else if (isOver) continue;
    else if (failed.has(index)) plan.excluded.push({ index, epoch, reason: "failed before" });
    else plan.remaining.push({ index, epoch });
  }
}

export type IndexMatcher = (recorded: SampleIndex) => SampleIndex | undefined;

/**
 * Finds the task's index for an index that was read from a file: the identical one, else the only one with the same text
 * (a v0.2 peer turns `"5"` into `5`). Undefined if none matches, or more than one.
 */
export function indexMatcher(indices: readonly SampleIndex[]): IndexMatcher {
  const exact = new Set(indices);
  let byText: Map<string, SampleIndex | undefined> | undefined;
  return (recorded) => {
    if (exact.has(recorded)) return recorded;
    byText ??= textsOf(exact);
    return byText.get(String(recorded));
  };
}

function textsOf(indices: Iterable<SampleIndex>): Map<string, SampleIndex | undefined> {
  const byText = new Map<string, SampleIndex | undefined>();
  for (const index of indices) byText.set(String(index), byText.has(String(index)) ? undefined : index);
  return byText;
}
