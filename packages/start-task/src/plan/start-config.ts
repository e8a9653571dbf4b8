import {
  controllerKeys,
  findController,
  type GivenController,
  isMapping,
  loadConfig,
  type Mapping,
} from "@eval/protocol/config";

/** The settings that start-task reads from its file; only tasks that are started are checked. */
export interface StartConfig {
  /** Absolute; the workers are given the same file. */
  file: string;
  /** Absolute folder of `file`. */
  dir: string;
  /** `file` as messages show it. */
  source: string;
  /** Task name -> definition, as it is in the file. */
  definition: Mapping;
  /** Task name -> number of workers, as it is in the file. */
  start: unknown;
  /** The controller's address, under either of its two names, and which name it was. */
  controller: GivenController | undefined;
  /** Warnings: content of the file that is accepted but probably unintended. */
  warnings: readonly string[];
}

const minimalExample = `
definition:
  my-task:
    module: ./my-task.mjs
    parameters:
      concurrency: 4
start:
  my-task: 1
controller_address: http://localhost:5000/api
`.trimStart();

/** Loads the file. Throws CONFIG_NOT_FOUND with a minimal example, or CONFIG_INVALID with every problem. */
export async function loadStartConfig(file: string, cwd: string): Promise<StartConfig> {
  const { file: absolute, dir, source, value, warnings } = await loadConfig(file, { cwd, minimalExample });
  // A file that is itself a map of tasks serves as well, as it does for a worker.
  const definition = isMapping(value.definition) ? value.definition : withoutSettings(value);
  const controller = findController(value);
  return { file: absolute, dir, source, definition, start: value.start, controller, warnings };
}

function withoutSettings(value: Mapping): Mapping {
  const settings = new Set<string>(["definition", "start", ...controllerKeys]);
  return Object.fromEntries(Object.entries(value).filter(([key]) => !settings.has(key)));
}
