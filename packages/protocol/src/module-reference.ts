import { isAbsolute } from "node:path";
import { fileURLToPath } from "node:url";
import { CodedError } from "./error.js";

/** `package/sub#Export` or `./file.mjs#Export`, taken apart. */
export interface ModuleReference {
  /** Package name with an optional subpath, or a path. */
  module: string;
  /** `default` where the reference names none. */
  exportName: string;
  isPath: boolean;
}

const aliases: Readonly<Record<string, string>> = {
  "src.client.TaskClient": "@eval/assigner#TaskClient",
  "src.client.task.TaskClient": "@eval/assigner#TaskClient",
  "src.client.agents.HTTPAgent": "@eval/assigner#HttpAgent",
  "src.client.agents.http_agent.HTTPAgent": "@eval/assigner#HttpAgent",
  "src.server.tasks.dbbench.DBBench": "@eval/tasks#DBBench",
};

/** A text after `#` that can be the name of an export; a `#` in a folder's name is followed by a separator. */
const referencePattern = /^(.*)#([^/\\#]*)$/s;

/**
 * v0.2's Python names as references of ours; any other reference stays as it is. Throws MODULE_NOT_FOUND for a name
 * of v0.2 that does not exist here, with the way to provide it.
 */
export function resolveModuleAlias(reference: string): string {
  const known = Object.hasOwn(aliases, reference) ? aliases[reference] : undefined;
  if (known !== undefined) return known;
  if (!/^src(\.[A-Za-z_]\w*)+$/.test(reference)) return reference;
  if (reference.endsWith(".FastChatAgent")) {
    throw new CodedError(
      "MODULE_NOT_FOUND",
      `${reference} needs FastChat's Python templates and does not exist here. Serve the model behind an OpenAI-compatible endpoint and use module: "@eval/assigner#OpenAIChatAgent" with its base_url and model`,
    );
  }
  const what = reference.startsWith("src.client.agents.") ? "agent" : "task";
  throw new CodedError(
    "MODULE_NOT_FOUND",
    `the v0.2 module ${reference} does not exist here. Provide the ${what} in a file of your own, module: ./my-${what}.mjs#${what === "agent" ? "MyAgent" : "MyTask"}, or in a package, module: "package#Export"`,
  );
}

/** Takes a reference apart, aliases included. Throws MODULE_INVALID where it is none, MODULE_NOT_FOUND as above. */
export function parseModuleReference(reference: string): ModuleReference {
  const resolved = resolveModuleAlias(reference);
  const [, before, name] = referencePattern.exec(resolved) ?? [];
  const named = before !== undefined && name !== undefined;
  const module = named ? before : resolved;
  // Two letters at least, so that `C:` is a drive. Code comes from files alone, never from data: or the network.
  const foreign = /^[a-z][a-z0-9+.-]+:/i.test(module) && !module.startsWith("file:");
  if (module.trim() === "" || (named && name === "") || foreign) {
    throw new CodedError(
      "MODULE_INVALID",
      `${JSON.stringify(reference)} is not a module reference; write "package#Export" or "./file.mjs#Export"`,
    );
  }
  const path = module.startsWith("file:") ? fileURLToPath(module) : module;
  return {
    module: path,
    exportName: named ? name : "default",
    isPath: /^\.\.?([/\\]|$)/.test(path) || isAbsolute(path),
  };
}
