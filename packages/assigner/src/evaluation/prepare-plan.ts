import { CodedError } from "@eval/protocol";
import type { Logger } from "@eval/protocol/logger";
import { type CellRef, cellFolder, epochsIn } from "../results/cell-folder.js";
import { saysEpochs } from "../results/epochs-file.js";
import { distrustOverall, type Overall, readValidOverall } from "../results/overall.js";
import { type RecordedCell, readRecordedCell } from "../results/resume.js";
import type { RunLog } from "../results/run-log.js";
import type { KnownTask } from "./await-tasks.js";
import { type PlanCell, planCell, type RepeatedCellPlan } from "./plan.js";

/** What a folder holds of one epoch of a cell. */
export interface FolderEpoch {
  epoch: number;
  recorded: RecordedCell;
  /** A valid overall.json: the epoch needs nothing more. */
  overall: Overall | undefined;
}

/** A cell of the plan, with what its folder holds. */
export interface FolderCell extends PlanCell {
  /** Those that are asked for, then any further ones that are there. */
  epochs: FolderEpoch[];
  /** Every epoch that is asked for has its overall, and what they say together is told: the cell needs nothing more, and no worker. */
  isComplete: boolean;
}

/** Reads what the output folder holds of the planned cells, and repairs it. The caller holds the folder's lock. */
export async function readCells(
  output: string,
  cells: readonly PlanCell[],
  log: RunLog,
  logger: Logger,
  epochs = 1,
): Promise<FolderCell[]> {
  const read: FolderCell[] = [];
  const planned = Array.from({ length: epochs }, (_, at) => at + 1);
  for (const cell of cells) {
    const further = (await epochsIn(output, cell)).filter((epoch) => epoch > epochs);
    const found: FolderEpoch[] = [];
    for (const epoch of [...planned, ...further]) found.push(await readEpoch(output, { ...cell, epoch }, log, logger));
    const hasOveralls = found.slice(0, epochs).every(({ overall }) => overall !== undefined);
    const isComplete = hasOveralls && !(await lacksStatistics(output, cell, found));
    read.push({ ...cell, epochs: found, isComplete });
  }
  return read;
}

/** Which results are the task's own, the task alone can say; where all are, its epochs.json can be made without it. */
async function lacksStatistics(output: string, cell: PlanCell, epochs: readonly FolderEpoch[]): Promise<boolean> {
  const complete = epochs.flatMap(({ epoch, overall, recorded: { digest } }) => {
    return overall ? [{ epoch, overall, digest }] : [];
  });
  const hasOthers = complete.some(({ overall }) => overall.not_in_task !== undefined);
  return complete.length > 1 && hasOthers && !(await saysEpochs(output, cell, complete));
}

async function readEpoch(output: string, ref: CellRef, log: RunLog, logger: Logger): Promise<FolderEpoch> {
  const recorded = await readRecordedCell(output, ref, log.assertHeld);
  for (const repair of recorded.repairs) logger.warn(repair);
  log.seed(ref, recorded.accepted);
  const folder = cellFolder(output, ref);
  const overall = await readValidOverall(folder, { accepted: recorded.accepted.size, digest: recorded.digest });
  if (overall === undefined) await distrustOverall(folder, log.assertHeld);
  return { epoch: ref.epoch, recorded, overall };
}

export interface PreparePlanOptions {
  keepFailed: boolean;
  allowVersionMix: boolean;
  /** Repetitions of each sample; default 1. */
  epochs?: number;
  logger: Logger;
}

/** What is left to run of each cell. A cell with a valid overall has nothing left. */
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
        `${agent} / ${task}: ${foreign} recorded samples are not in the task any more; they are kept, and do not count in the overall`,
      );
    return plan;
  });
}

function completePlan({ agent, task, priority, epochs: found }: FolderCell): RepeatedCellPlan {
  // Whether an epoch is whole that has no overall, and was not asked for, nobody knows: its results only count.
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
  const what = `${agent} / ${task}: the folder holds results of version ${[...taskVersions].join(", ")} of the task`;
  const advice = "choose another output folder, or mix them with --allow-version-mix";
  throw new CodedError("TASK_VERSION_MIXED", `${what}, its workers have ${version}: ${advice}`);
}
