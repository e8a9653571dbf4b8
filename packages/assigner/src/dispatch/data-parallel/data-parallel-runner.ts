import { FlowRunner } from "../flow/flow-runner.js";
import { DataParallelCenter } from "./data-parallel-center.js";

/** Carries attempts out as {@link FlowRunner} does, in a process of its own. */
export class DataParallelRunner extends FlowRunner {
  static override readonly center = DataParallelCenter;
}
