import type { Logger } from "@eval/protocol/logger";
import type { PlanCell } from "../attempt/cell-plan.js";
import type { FolderCell, FolderEpoch } from "../plan/folder-cell.js";
import { type CellRef, cellFolder, epochsIn } from "../results/cell-folder.js";
import { saysEpochs } from "../results/epochs-file.js";
import { distrustOverall, readValidOverall } from "../results/overall.js";
import { readRecordedCell } from "../results/resume.js";
import type { RunLog } from "../results/run-log.js";

/** Reads the recorded results of the planned cells from the output folder, and repairs its files. The caller holds the folder's lock. */
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

/** Only the task knows which results are its own; if all of them are, epochs.json can be computed without the task. */
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
