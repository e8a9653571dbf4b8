import type { PlanCell } from "../attempt/cell-plan.js";
import type { Overall } from "../attempt/overall.js";
import type { RecordedCell } from "../results/resume.js";

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
