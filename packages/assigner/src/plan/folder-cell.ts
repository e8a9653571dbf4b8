import type { PlanCell } from "../attempt/cell-plan.js";
import type { Overall } from "../attempt/overall.js";
import type { RecordedCell } from "../results/resume.js";

/** The recorded state of one epoch of a cell. */
export interface FolderEpoch {
  epoch: number;
  recorded: RecordedCell;
  /** A valid overall.json: the epoch is finished. */
  overall: Overall | undefined;
}

/** A cell of the plan, with the recorded state of its folder. */
export interface FolderCell extends PlanCell {
  /** The planned epochs, then any further recorded ones. */
  epochs: FolderEpoch[];
  /** Every planned epoch has its overall, and the statistics over epochs exist: the cell needs no worker. */
  isComplete: boolean;
}
