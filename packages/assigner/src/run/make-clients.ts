import type { Environment } from "@eval/protocol/config";
import type { Logger } from "@eval/protocol/logger";
import type { CenterChoice } from "../config/dispatch-config.js";
import type { LoadedEvaluation } from "../config/load-evaluation.js";
import { makeTaskClients } from "../session/run-param.js";
import type { TaskClient } from "../session/task-client.js";

export interface MakeClientsOptions {
  cwd: string;
  env?: Environment;
  logger: Logger;
  /** How long to wait for an unreachable controller, in milliseconds. */
  waitMs: number;
}

/** The run's task clients: over a controller, or of tasks hosted in this process. */
export async function makeClients(
  { taskModules, configDir }: Pick<LoadedEvaluation, "taskModules" | "configDir">,
  { runner, parameters: { in_process: file } }: CenterChoice,
  { cwd, env = {}, logger, waitMs }: MakeClientsOptions,
): Promise<Map<string, TaskClient>> {
  if (runner !== "local" || typeof file !== "string") return makeTaskClients(taskModules, { configDir, cwd }, waitMs);
  const { hostTasks } = await import("../dispatch/local/hosted-task.js");
  return hostTasks({ file, names: Object.keys(taskModules), cwd, env, logger });
}
