import { CodedError, isCodedError } from "@eval/protocol";
import type { Agent } from "@eval/protocol/agent";
import { build, requireMethods } from "@eval/protocol/module-loader";
import type { ModuleDefinition } from "../attempt/module-definition.js";
import type { SampleLimits } from "../attempt/sample-limits.js";
import { loadOwnOrOther } from "./own-exports.js";
import type { TaskClient } from "./task-client.js";

/** The parameter of a runner: the serializable part of its center's options. */
export interface RunParam {
  agents: Record<string, ModuleDefinition>;
  tasks: Record<string, ModuleDefinition>;
  /** Absolute folder of the configuration file. */
  configDir: string;
  cwd: string;
  /** `<run id>/<client instance>`: the owner whose lease keeps the sessions of this launch alive. */
  owner: string;
  /** Seconds that a session survives after its runner's last sign of life. */
  leaseS: number;
  /** How long to wait for a task without workers, and for an unreachable controller, in milliseconds. */
  waitForWorkersMs: number;
  /** Limits of every attempt; runners apply them. Default: none. */
  limits?: SampleLimits;
}

/** The objects that runners create from the parameter. */
export interface RunShared {
  agents: ReadonlyMap<string, Agent>;
  tasks: ReadonlyMap<string, TaskClient>;
  /** `<run id>/<client instance>`, followed by `/<runner>` if runners may be lost one by one. */
  owner: string;
  leaseS: number;
  /** Limits of every attempt. */
  limits: SampleLimits;
  close(): Promise<void>;
}

export function runParamOf(options: RunParam): RunParam {
  const { agents, tasks, configDir, cwd, owner, leaseS, waitForWorkersMs, limits = {} } = options;
  return { agents, tasks, configDir, cwd, owner, leaseS, waitForWorkersMs, limits };
}

export async function restoreRunParam(param: RunParam): Promise<RunShared> {
  const agents = await makeAgents(param);
  const tasks = await makeTaskClients(param.tasks, param, param.waitForWorkersMs);
  const close = async () => void (await Promise.all([...tasks.values()].map((task) => task.close())));
  const { owner, leaseS, limits = {} } = param;
  return { agents, tasks, owner, leaseS, limits, close };
}

/** The agents by their configured names. */
export async function makeAgents(param: Pick<RunParam, "agents" | "configDir" | "cwd">): Promise<Map<string, Agent>> {
  const agents = new Map<string, Agent>();
  for (const [name, definition] of Object.entries(param.agents)) {
    agents.set(name, await makeAgent(name, definition, param));
  }
  return agents;
}

/** Throws MODULE_NOT_FOUND, MODULE_INVALID, or the exception of the agent's constructor, prefixed with the agent's name. */
export async function makeAgent(
  name: string,
  definition: ModuleDefinition,
  folders: { configDir: string; cwd: string },
): Promise<Agent> {
  const what = `agent ${name}`;
  return requireMethods<Agent>(await buildModule(definition, folders, what), ["inference"], what);
}

/** The task clients by their configured names. */
export async function makeTaskClients(
  definitions: Record<string, ModuleDefinition>,
  folders: { configDir: string; cwd: string },
  patienceMs: number,
): Promise<Map<string, TaskClient>> {
  const clients = new Map<string, TaskClient>();
  for (const [name, definition] of Object.entries(definitions)) {
    const parameters = { name, ...definition.parameters };
    const built = await buildModule({ ...definition, parameters }, folders, `task ${name}`);
    const client = assertClient(built, `task ${name}: ${definition.module}`);
    client.patienceMs = patienceMs;
    clients.set(name, client);
  }
  return clients;
}

/** Checks the shape only: the client may come from another copy of this package. */
function assertClient(built: unknown, what: string): TaskClient {
  if (typeof (built as Partial<TaskClient> | null)?.start !== "function") {
    const hint = "use @eval/assigner#TaskClient here; the task itself is hosted by a worker";
    throw new CodedError("MODULE_INVALID", `${what} is not a task client: ${hint}`);
  }
  return requireMethods<TaskClient>(built, ["getIndices", "listTasks", "renew", "calculateOverall", "close"], what);
}

async function buildModule(
  { module, parameters }: ModuleDefinition,
  { configDir, cwd }: { configDir: string; cwd: string },
  what: string,
): Promise<unknown> {
  try {
    return await build(await loadOwnOrOther(module, { configDir, cwd, from: import.meta.dirname }), {
      parameters,
      configDir,
    });
  } catch (error) {
    if (isCodedError(error)) throw new CodedError(error.code, `${what}: ${error.message}`, { cause: error.cause });
    throw error;
  }
}
