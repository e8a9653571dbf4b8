import { ControllerProcess } from "./controller.js";
import { type EvaluationFiles, type EvaluationParts, writeEvaluation } from "./evaluation-files.js";
import type { OwnedProcess } from "./owned-process.js";
import type { Stage } from "./stage.js";

export interface ClusterOptions extends Omit<EvaluationParts, "controller"> {
  /** Workers of each task; default 1. */
  workers?: Record<string, number>;
  controllerFlags?: readonly string[];
  workerFlags?: readonly string[];
}

/** A controller, workers that are registered, and an evaluation to run against them. */
export class Cluster {
  private constructor(
    private readonly stage: Stage,
    readonly controller: ControllerProcess,
    readonly workers: readonly OwnedProcess[],
    readonly files: EvaluationFiles,
  ) {}

  static async start(stage: Stage, options: ClusterOptions): Promise<Cluster> {
    const { agents, tasks, settings = {}, workers: counts = {}, controllerFlags, workerFlags = [] } = options;
    const controller = await ControllerProcess.start(stage, controllerFlags);
    const files = writeEvaluation(stage, { controller: controller.address, agents, tasks, settings });
    const workers: OwnedProcess[] = [];
    const common = ["--config", files.tasks, "--controller", controller.address, "--port", "0", ...workerFlags];
    for (const task of Object.keys(tasks)) {
      for (let left = counts[task] ?? 1; left > 0; left--) workers.push(stage.start("worker", [task, ...common]));
    }
    for (const task of Object.keys(tasks)) await controller.untilWorkers(task, counts[task] ?? 1);
    return new Cluster(stage, controller, workers, files);
  }

  /** Launches the evaluation, into the same folder every time. */
  assign(flags: readonly string[] = []): OwnedProcess {
    return this.stage.start("assigner", ["--config", this.files.assignments, ...flags]);
  }
}
