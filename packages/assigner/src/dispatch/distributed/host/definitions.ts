import { resolve } from "node:path";
import { CodedError } from "@eval/protocol";
import { collectSecrets, type Environment, findController, resolveEnvReferences } from "@eval/protocol/config";
import { parseModuleReference } from "@eval/protocol/module-loader";
import type { ModuleDefinition } from "../../../attempt/module-definition.js";
import type { TravelingParam } from "../run-records.js";

/** An assignment file of the host. */
export interface OwnConfiguration {
  /** As messages show it. */
  file: string;
  /** Rejects with CONFIG_*. */
  load(): Promise<{
    agentModules: Record<string, ModuleDefinition>;
    taskModules: Record<string, ModuleDefinition>;
    configDir: string;
    secrets: string[];
  }>;
}

/** Where a runner host finds agents and tasks, and what it lets the run bring. */
export interface DefinitionSources {
  /** The host's own configuration; without one, definitions come from the run. */
  config?: OwnConfiguration | undefined;
  cwd: string;
  env: Environment;
  /** Modules that the run may have loaded: references, or modules of which every export is meant. */
  allowModules: readonly string[];
  /** Variables that the run's definitions may read. */
  allowEnv: readonly string[];
  /** Sent to controllers by tasks that have no token of their own: all that `config` names, else the allowed ones. */
  token?: string | undefined;
  /** Addresses of the controllers that are sent the token though it is the run that names them. */
  allowControllers?: readonly string[] | undefined;
}

export interface Definitions {
  agents: Record<string, ModuleDefinition>;
  tasks: Record<string, ModuleDefinition>;
  /** Absolute. */
  configDir: string;
  /** What is in them that must appear nowhere. */
  secrets: string[];
}

/** What comes with this package can do no more than its parameters say. */
const bundled = ["@eval/assigner#HttpAgent", "@eval/assigner#OpenAIChatAgent", "@eval/assigner#TaskClient"];

/**
 * The agents and tasks of a run, for this host. Rejects with CONFIG_INVALID that says what is missing, or not allowed,
 * and what to do: a host takes part with everything that the run uses, or not at all.
 */
export function definitionsFor(param: TravelingParam, sources: DefinitionSources): Promise<Definitions> {
  return sources.config === undefined ? traveled(param, sources) : own(param, sources.config);
}

async function own(param: TravelingParam, { file, load }: OwnConfiguration): Promise<Definitions> {
  const { agentModules, taskModules, configDir, secrets } = await load();
  const missing = [
    ...Object.keys(param.agents).filter((name) => !Object.hasOwn(agentModules, name)),
    ...Object.keys(param.tasks).filter((name) => !Object.hasOwn(taskModules, name)),
  ];
  if (missing.length === 0) return { agents: agentModules, tasks: taskModules, configDir, secrets };
  const what = `the run uses ${missing.join(", ")}, which the assignments of ${file} do not`;
  throw new CodedError("CONFIG_INVALID", `${what}; give this host the configuration of the run`);
}

async function traveled({ agents, tasks }: TravelingParam, sources: DefinitionSources): Promise<Definitions> {
  const { cwd, env } = sources;
  const problems = [...problemsOf("agent", agents, sources), ...problemsOf("task", tasks, sources)];
  if (problems.length > 0) {
    const advice = "Allow what you trust, or give this host its own configuration with --config";
    throw new CodedError(
      "CONFIG_INVALID",
      `The run asks for what this host does not allow.\n${problems.join("\n")}\n${advice}.`,
    );
  }
  const resolved = resolveEnvReferences({ agents, tasks }, env, { source: "the run's definitions" });
  const definitions = { agents: resolved.agents, tasks: withToken(resolved.tasks, sources) };
  return { ...definitions, configDir: cwd, secrets: collectSecrets(definitions) };
}

/** Whoever can write to the Redis names the controllers: the host's token is only for those that it knows. */
function withToken(
  tasks: Record<string, ModuleDefinition>,
  { token, allowControllers = [] }: DefinitionSources,
): Record<string, ModuleDefinition> {
  const allowed = allowControllers.map(plainAddress);
  const entries = Object.entries(tasks).map(([name, { module, parameters }]) => {
    const address = findController(parameters ?? {})?.value;
    const isAllowed = typeof address === "string" && allowed.includes(plainAddress(address));
    return [name, { module, parameters: token !== undefined && isAllowed ? { token, ...parameters } : parameters }];
  });
  return Object.fromEntries(entries);
}

function plainAddress(address: string): string {
  return (URL.canParse(address) ? new URL(address).href : address).replace(/\/+$/, "");
}

function problemsOf(
  side: string,
  definitions: Record<string, ModuleDefinition>,
  { allowModules, allowEnv, cwd }: DefinitionSources,
): string[] {
  const allowed = [...bundled, ...allowModules];
  return Object.entries(definitions).flatMap(([name, { module, parameters }]) => {
    const problems: string[] = [];
    if (!allowed.some((one) => isAllowed(module, one, cwd))) {
      problems.push(`  ${side} ${name}: module ${module} (--allow-module ${JSON.stringify(module)})`);
    }
    for (const variable of variablesOf(parameters)) {
      if (!allowEnv.includes(variable))
        problems.push(`  ${side} ${name}: variable ${variable} (--allow-env ${variable})`);
    }
    return problems;
  });
}

function isAllowed(module: string, allowed: string, cwd: string): boolean {
  const asked = parseModuleReference(module);
  const given = parseModuleReference(allowed);
  const place = ({ module: path, isPath }: typeof asked) => (isPath ? resolve(cwd, path) : path);
  if (place(asked) !== place(given)) return false;
  return !allowed.includes("#") || asked.exportName === given.exportName;
}

/** Names in `\${env:NAME}`, wherever they stand. */
function variablesOf(parameters: unknown): Set<string> {
  const references = JSON.stringify(parameters ?? {}).matchAll(/\$\{env:([A-Za-z_][A-Za-z0-9_]*)/g);
  return new Set([...references].map(([, name]) => name as string));
}
