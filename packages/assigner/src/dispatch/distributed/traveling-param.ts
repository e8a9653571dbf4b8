import { CodedError } from "@eval/protocol";
import { maskSecrets } from "@eval/protocol/config";
import type { ModuleDefinition } from "../../attempt/module-definition.js";
import { runParamOf } from "../../session/run-param.js";
import type { CenterOptions } from "../center-options.js";
import type { SharedSettings, TravelingParam } from "./run-records.js";

/** What hosts are sent. Throws CONFIG_INVALID for a definition with a literal secret: none is to lie in Redis. */
export function travelingParam(options: CenterOptions): TravelingParam {
  const { agents: _, tasks: __, configDir, cwd, owner, ...settings } = runParamOf(options);
  const { agents, tasks } = options.unresolved ?? { agents: options.agents, tasks: options.tasks };
  const definition = { agent: pruned(agents), task: pruned(tasks) };
  const { masked } = maskSecrets({ definition });
  if (masked.length > 0) {
    const what = `${masked.join(", ")}: a secret is written out, and must not travel to runner hosts`;
    const advice = "Write ${env:NAME} there, and give hosts the variable (and --allow-env NAME)";
    throw new CodedError("CONFIG_INVALID", `${what}. ${advice}`);
  }
  return { settings: settings as SharedSettings, agents: definition.agent, tasks: definition.task };
}

function pruned(definitions: Record<string, ModuleDefinition>): Record<string, ModuleDefinition> {
  const entries = Object.entries(definitions).map(([name, { module, parameters }]) => [name, { module, parameters }]);
  return Object.fromEntries(entries);
}
