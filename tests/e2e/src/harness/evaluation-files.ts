import type { Stage } from "./stage.js";

/** An agent or a task of an evaluation, with the samples that may be in flight on it. */
export interface Part {
  module: string;
  parameters?: Record<string, unknown>;
  concurrency: number;
}

export interface EvaluationParts {
  controller: string;
  agents: Record<string, Part>;
  tasks: Record<string, Part>;
  /** Further keys of the assignments' file. */
  settings?: Record<string, unknown>;
}

export interface EvaluationFiles {
  /** For workers. */
  tasks: string;
  /** For the assigner: every agent with every task. */
  assignments: string;
  /** The folder that the assignments name. */
  output: string;
}

/** Writes an evaluation down as its user would: the tasks in one file, which the assignments import. */
export function writeEvaluation(
  stage: Stage,
  { controller, agents, tasks, settings }: EvaluationParts,
): EvaluationFiles {
  const taskFile = stage.write("configs/tasks.yaml", mapParts(tasks, definitionOf));
  const output = stage.path("output");
  const assignments = stage.write("configs/assignments.yaml", {
    definition: {
      agent: mapParts(agents, definitionOf),
      task: {
        import: "tasks.yaml",
        overwrite: { module: "@eval/assigner#TaskClient", parameters: { controller_address: controller } },
      },
    },
    concurrency: { agent: mapParts(agents, concurrencyOf), task: mapParts(tasks, concurrencyOf) },
    assignments: [{ agent: Object.keys(agents), task: Object.keys(tasks) }],
    output,
    ...settings,
  });
  return { tasks: taskFile, assignments, output };
}

function mapParts<Value>(parts: Record<string, Part>, map: (part: Part) => Value): Record<string, Value> {
  return Object.fromEntries(Object.entries(parts).map(([name, part]) => [name, map(part)]));
}

function definitionOf({ module, parameters = {} }: Part) {
  return { module, parameters };
}

function concurrencyOf({ concurrency }: Part): number {
  return concurrency;
}
