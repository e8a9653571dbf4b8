import { CodedError } from "@eval/protocol";
import {
  collectSecrets,
  type Environment,
  isMapping,
  type LoadedConfig,
  loadConfig,
  redactError,
  resolveEnvReferences,
} from "@eval/protocol/config";
import { build, loadExport, requireMethods } from "@eval/protocol/module-loader";
import type { Task } from "@eval/protocol/task";

export interface LoadTaskOptions {
  /** Key of the task in the file. */
  name: string;
  /** A map of tasks, or a file with such a map under `definition`. */
  file: string;
  env: Environment;
  cwd?: string;
  /** Called with warnings: content of the file that is accepted but probably unintended. */
  warn?: (message: string) => void;
}

interface TaskDefinition {
  module: string;
  parameters: Record<string, unknown>;
}

/** Creates the task with this name in a configuration file. Only the module of this task is loaded. */
export async function loadTask(options: LoadTaskOptions): Promise<Task> {
  const { name, file, env, cwd = process.cwd(), warn } = options;
  const config = await loadConfig(file, { cwd, minimalExample });
  for (const warning of config.warnings) warn?.(warning);
  const definition = resolveEnvReferences(findDefinition(config, name), env, { source: config.source, path: [name] });
  const parameters = { name, ...definition.parameters };
  try {
    const exported = await loadExport(definition.module, { configDir: config.dir, cwd, from: import.meta.dirname });
    const task = await build(exported, { parameters, configDir: config.dir });
    const checked = requireMethods<Task>(task, ["getIndices", "startSample", "calculateOverall"], `task ${name}`);
    return withName(checked, String(parameters.name));
  } catch (error) {
    // A module may include its parameters in its errors.
    throw redactError(error, collectSecrets(parameters));
  }
}

const minimalExample = `
my-task:
  module: ./my-task.mjs
  parameters:
    concurrency: 4
`.trimStart();

/** The name on the wire is the key of the definition, which assignments use too, whatever name the task has itself. */
function withName(task: Task, name: string): Task {
  if (task.name === name) return task;
  if (Reflect.defineProperty(task, "name", { value: name, enumerable: true, configurable: true })) return task;
  throw new CodedError("MODULE_INVALID", `The name of the task is ${task.name}, not ${name}, and it cannot be changed`);
}

function findDefinition({ value, source }: LoadedConfig, name: string): TaskDefinition {
  const tasks = isMapping(value.definition) ? value.definition : value;
  const found = Object.hasOwn(tasks, name) ? tasks[name] : undefined;
  if (!isMapping(found)) {
    const known = Object.keys(tasks).filter((key) => isMapping(tasks[key]));
    const list = known.length === 0 ? "it defines none" : `it defines ${known.join(", ")}`;
    throw new CodedError("USAGE", `Task ${name} is not defined in ${source}: ${list}`);
  }
  const { module, parameters } = found;
  if (typeof module !== "string" || module === "") {
    throw new CodedError("CONFIG_INVALID", `${source}: ${name}.module: expected a module reference`);
  }
  if (parameters !== undefined && parameters !== null && !isMapping(parameters)) {
    throw new CodedError("CONFIG_INVALID", `${source}: ${name}.parameters: expected a mapping`);
  }
  return { module, parameters: parameters ?? {} };
}
