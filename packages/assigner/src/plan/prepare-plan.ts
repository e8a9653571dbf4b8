import { CodedError } from "@eval/protocol";
import type { Logger } from "@eval/protocol/logger";
import type { RepeatedCellPlan } from "../attempt/cell-plan.js";
import type { KnownTask } from "../attempt/known-task.js";
import type { FolderCell } from "./folder-cell.js";
import { planCell } from "./plan.js";

export interface PreparePlanOptions {
  keepFailed: boolean;
  allowVersionMix: boolean;
  /** Repetitions of each sample; default 1. */
  epochs?: number;
  logger: Logger;
}

/** The remaining samples of each cell. A cell with a valid overall has none. */
export function preparePlan(
  cells: readonly FolderCell[],
  tasks: ReadonlyMap<string, KnownTask>,
  { keepFailed, allowVersionMix, epochs = 1, logger }: PreparePlanOptions,
): RepeatedCellPlan[] {
  return cells.map((cell) => {
    const { agent, task, priority } = cell;
    const recorded = cell.epochs.map((epoch) => epoch.recorded);
    const known = tasks.get(task);
    if (known === undefined) return completePlan(cell);
    if (!allowVersionMix) assertOneVersion(cell, known.version);
    const plan = planCell({ agent, task, priority }, known.indices, recorded, { epochs, keepFailed });
    const foreign = plan.excluded.filter(({ reason }) => reason === "not in task").length;
    if (foreign > 0)
      logger.warn(
        `${agent} / ${task}: ${foreign} recorded samples are no longer in the task; they are kept, but do not count in the overall`,
      );
    return plan;
  });
}

function completePlan({ agent, task, priority, epochs: found }: FolderCell): RepeatedCellPlan {
  // An unplanned epoch without an overall may be incomplete: its results count, but the epoch is not reported.
  const epochs = found.flatMap(({ epoch, overall }) => {
    return overall ? [{ epoch, total: overall.total, done: overall.total }] : [];
  });
  const done = found.reduce((sum, { recorded, overall }) => sum + (overall?.total ?? recorded.accepted.size), 0);
  return { agent, task, priority, remaining: [], total: done, done, excluded: [], epochs };
}

function assertOneVersion({ agent, task, epochs }: FolderCell, version: string | undefined): void {
  const taskVersions = new Set(epochs.flatMap(({ recorded }) => [...recorded.taskVersions]));
  const versions = new Set([...taskVersions, ...(version === undefined ? [] : [version])]);
  if (versions.size <= 1) return;
  const what = `${agent} / ${task}: the output folder holds results of task version ${[...taskVersions].join(", ")}`;
  const advice = "choose another output folder, or allow the mix with --allow-version-mix";
  throw new CodedError("TASK_VERSION_MIXED", `${what}, but the workers have version ${version}: ${advice}`);
}
