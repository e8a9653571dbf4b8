import { isAbsolute } from "node:path";
import { fileURLToPath } from "node:url";
import { CodedError } from "./error.js";
import { resolveModuleAlias } from "./v02-modules.js";

/** `package/sub#Export` or `./file.mjs#Export`, taken apart. */
export interface ModuleReference {
  /** Package name with an optional subpath, or a path. */
  module: string;
  /** `default` where the reference names none. */
  exportName: string;
  isPath: boolean;
}

/** A text after `#` that can be the name of an export; a `#` in a folder's name is followed by a separator. */
const referencePattern = /^(.*)#([^/\\#]*)$/s;

/** Takes a reference apart, aliases included. Throws MODULE_INVALID if it is none, MODULE_NOT_FOUND as above. */
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
      `${JSON.stringify(reference)} is not a module reference; use the form "package#Export" or "./file.mjs#Export"`,
    );
  }
  const path = module.startsWith("file:") ? fileURLToPath(module) : module;
  return {
    module: path,
    exportName: named ? name : "default",
    isPath: /^\.\.?([/\\]|$)/.test(path) || isAbsolute(path),
  };
}
