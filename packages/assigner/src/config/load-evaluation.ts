import { CodedError } from "@eval/protocol";
import {
  ConfigProblems,
  collectSecrets,
  type Environment,
  type LoadedConfig,
  loadConfig,
  maskSecrets,
  resolveEnvReferences,
  stringifyConfig,
} from "@eval/protocol/config";
import type { ModuleDefinition } from "../attempt/module-definition.js";
import { type Definition, type EvaluationConfig, parseEvaluationConfig } from "./evaluation-config.js";

export interface LoadedEvaluation extends EvaluationConfig {
  /** The file's name in messages. */
  source: string;
  /** Absolute folder of the file. */
  configDir: string;
  /** The used definitions, with environment references resolved. */
  agentModules: Record<string, ModuleDefinition>;
  taskModules: Record<string, ModuleDefinition>;
  /** The configuration to store with the results: references unresolved, literal secrets masked. */
  kept: string;
  /** Key paths of the masked secrets. */
  masked: string[];
  /** The secrets in the parameters of agents and tasks; no output may contain them. */
  secrets: string[];
}

/** A configuration that is passed as a value instead of a file, with the base folder of its references. */
export interface InlineConfig {
  value: Record<string, unknown>;
  dir: string;
}

export interface LoadEvaluationOptions {
  cwd: string;
  env: Environment;
  /** Sent to the controllers of tasks without their own `token`. */
  token?: string | undefined;
}

/** Loads and checks an assignment configuration. Throws CONFIG_NOT_FOUND, or CONFIG_INVALID with every problem. */
export async function loadEvaluation(
  config: string | InlineConfig,
  { cwd, env, token }: LoadEvaluationOptions,
): Promise<LoadedEvaluation> {
  const loaded = typeof config === "string" ? await loadConfig(config, { cwd, minimalExample }) : inline(config);
  const parsed = checked(loaded);
  const resolve = (side: "agent" | "task", definitions: ReadonlyMap<string, Definition>) =>
    resolveEnvReferences(Object.fromEntries(definitions), env, { source: loaded.source, path: ["definition", side] });
  const agentModules = resolve("agent", parsed.agents);
  const taskModules = withToken(resolve("task", parsed.tasks), token);
  const dispatch = resolveEnvReferences(parsed.dispatch, env, { source: loaded.source, path: ["runner"] });
  const { value, masked } = maskSecrets(loaded.value);
  const kept = stringifyConfig(value, "yaml");
  const secrets = collectSecrets({ agentModules, taskModules, dispatch });
  const warnings = [...loaded.warnings, ...parsed.warnings];
  const { source, dir: configDir } = loaded;
  return { ...parsed, warnings, dispatch, source, configDir, agentModules, taskModules, kept, masked, secrets };
}

function checked(loaded: LoadedConfig): EvaluationConfig {
  const parsed = parseEvaluationConfig(loaded.value);
  if ("config" in parsed) return parsed.config;
  const problems = new ConfigProblems(loaded.source);
  for (const { path, message } of parsed.problems) problems.add(path, message);
  problems.throwIfAny();
  throw new CodedError("CONFIG_INVALID", `${loaded.source}: not an evaluation configuration`);
}

function inline({ value, dir }: InlineConfig): LoadedConfig {
  return { file: "", dir, source: "configuration", value, warnings: [] };
}

function withToken(modules: Record<string, ModuleDefinition>, token: string | undefined) {
  if (token === undefined) return modules;
  const entries = Object.entries(modules).map(([name, { module, parameters }]) => {
    return [name, { module, parameters: { token, ...parameters } }] as const;
  });
  return Object.fromEntries(entries);
}

const minimalExample = `
definition:
  agent:
    my-agent:
      module: ./my-agent.mjs
  task:
    my-task:
      module: "@eval/assigner#TaskClient"
      parameters:
        controller_address: http://localhost:5000/api
concurrency:
  agent:
    my-agent: 4
  task:
    my-task: 4
assignments:
  - agent: my-agent
    task: my-task
output: output/{TIMESTAMP}
`.trimStart();
