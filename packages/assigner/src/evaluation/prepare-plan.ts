import { CodedError } from "@eval/protocol";
import type { Logger } from "@eval/protocol/logger";
import { cellFolder } from "../results/cell-folder.js";
import { type Overall, readValidOverall } from "../results/overall.js";
import { type RecordedCell, readRecordedCell } from "../results/resume.js";
import type { RunLog } from "../results/run-log.js";
import type { KnownTask } from "./await-tasks.js";
import { type CellPlan, type PlanCell, planCell } from "./plan.js";

/** A cell of the plan, with what its folder holds. */
export interface FolderCell extends PlanCell {
  recorded: RecordedCell;
  /** A valid overall.json; the cell needs nothing more, and no worker. */
  overall: Overall | undefined;
}

/** Reads what the output folder holds of the planned cells, and repairs it. The caller holds the folder's lock. */
export async function readCells(
  output: string,
  cells: readonly PlanCell[],
  log: RunLog,
  logger: Logger,
): Promise<FolderCell[]> {
  const read: FolderCell[] = [];
  for (const cell of cells) {
    const ref = { agent: cell.agent, task: cell.task, epoch: 1 };
    const recorded = await readRecordedCell(output, ref);
    for (const repair of recorded.repairs) logger.warn(repair);
    log.seed(ref, recorded.accepted);
    read.push({ ...cell, recorded, overall: await readValidOverall(cellFolder(output, ref), recorded.accepted.size) });
  }
  return read;
}

export interface PreparePlanOptions {
  keepFailed: boolean;
  allowVersionMix: boolean;
  logger: Logger;
}

/** What is left to run of each cell. A cell with a valid overall has nothing left. */
export function preparePlan(
  cells: readonly FolderCell[],
  tasks: ReadonlyMap<string, KnownTask>,
  { keepFailed, allowVersionMix, logger }: PreparePlanOptions,
): CellPlan[] {
  return cells.map((cell) => {
    const { agent, task, priority, recorded } = cell;
    const known = tasks.get(task);
    if (known === undefined) return completePlan(cell);
    if (!allowVersionMix) assertOneVersion(recorded, known.version);
    const plan = planCell({ agent, task, priority }, known.indices, [recorded], { keepFailed });
    const foreign = plan.excluded.filter(({ reason }) => reason === "not in task").length;
    if (foreign > 0)
      logger.warn(
        `${agent} / ${task}: ${foreign} recorded samples are not in the task any more; they are kept, and do not count in the overall`,
      );
    return plan;
  });
}

function completePlan({ agent, task, priority, recorded, overall }: FolderCell): CellPlan {
  const done = overall?.total ?? recorded.accepted.size;
  return { agent, task, priority, remaining: [], total: done, done, excluded: [] };
}

function assertOneVersion({ agent, task, taskVersions }: RecordedCell, version: string | undefined): void {
  const versions = new Set([...taskVersions, ...(version === undefined ? [] : [version])]);
  if (versions.size <= 1) return;
  const what = `${agent} / ${task}: the folder holds results of version ${[...taskVersions].join(", ")} of the task`;
  const advice = "choose another output folder, or mix them with --allow-version-mix";
  throw new CodedError("TASK_VERSION_MIXED", `${what}, its workers have ${version}: ${advice}`);
}
