import { FlowRunner } from "../flow/flow-runner.js";
import { DataParallelCenter } from "./data-parallel-center.js";

/** Runs attempts like {@link FlowRunner}, in a separate process. */
export class DataParallelRunner extends FlowRunner {
  static override readonly center = DataParallelCenter;
}
