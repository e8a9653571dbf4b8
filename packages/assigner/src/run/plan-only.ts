import { join } from "node:path";
import type { Logger } from "@eval/protocol/logger";
import type { KnownTask } from "../attempt/known-task.js";
import type { EvaluationConfig } from "../config/evaluation-config.js";
import type { FolderCell } from "../plan/folder-cell.js";
import {
  describeCapacity,
  describeCell,
  describeUnknown,
  type PlannedAssignment,
  type PlanReport,
} from "../plan/plan-report.js";
import { type PreparePlanOptions, preparePlan } from "../plan/prepare-plan.js";
import { fileNames } from "../results/cell-folder.js";
import { writeFileDurably } from "../results/durable-files.js";
import type { TaskClient } from "../session/task-client.js";
import { askTasks } from "./await-tasks.js";
import { readCapacities } from "./read-capacity.js";

/** Nothing is going to run, so the wait for missing tasks is short. Milliseconds. */
const waitMs = 2_000;

export interface PlanOnlyOptions extends PreparePlanOptions {
  output: string;
  /** Called before plan.json is written; a rejection prevents the write. */
  mayWrite: () => Promise<void>;
  capacity: EvaluationConfig["concurrency"];
  signal: AbortSignal;
  logger: Logger;
}

/** Plans with the known tasks, requests the others from the controllers, and writes `plan.json`. */
export async function planOnly(
  cells: readonly FolderCell[],
  clients: ReadonlyMap<string, TaskClient>,
  options: PlanOnlyOptions,
): Promise<PlanReport> {
  const { output, mayWrite, signal, logger, capacity } = options;
  const { known, missing } = await askTasks(clients, { waitMs, signal, onWaiting: () => {} });
  for (const [task, why] of missing) logger.warn(`${task}: ${why}; planning only from the output folder`);
  const report: PlanReport = {
    written_at: new Date().toISOString(),
    runner: "dummy",
    assignments: cells.map((cell) => describe(cell, known, missing, options)),
    capacity: describeCapacity(capacity, clients, await readCapacities(clients, [...known.keys()], signal, logger)),
  };
  await writeFileDurably(join(output, fileNames.plan), `${JSON.stringify(report, undefined, 2)}\n`, mayWrite);
  return report;
}

function describe(
  cell: FolderCell,
  known: ReadonlyMap<string, KnownTask>,
  missing: ReadonlyMap<string, string>,
  options: PlanOnlyOptions,
): PlannedAssignment {
  const { isComplete } = cell;
  const why = missing.get(cell.task);
  if (why !== undefined && !isComplete) return describeUnknown(cell, recordedOf(cell), why);
  const plans = preparePlan([cell], isComplete ? new Map() : known, options);
  return describeCell(plans[0] as (typeof plans)[number], isComplete);
}

function recordedOf({ epochs }: FolderCell): number {
  return epochs.reduce((sum, { recorded }) => sum + recorded.accepted.size, 0);
}
