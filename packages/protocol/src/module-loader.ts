import { fileURLToPath } from "node:url";
import { CodedError, isCodedError } from "./error.js";
import { parseModuleReference } from "./module-reference.js";
import { type ModuleSearch, resolveModule } from "./module-resolution.js";
import type { BuildContext } from "./task.js";

export { type ModuleReference, parseModuleReference } from "./module-reference.js";
export type { ModuleSearch } from "./module-resolution.js";
export { resolveModuleAlias } from "./v02-modules.js";

/**
 * Imports a module and returns what it exports under the name of the reference: `package#Export`,
 * `package/sub#Export`, `./file.mjs#Export`, an absolute path, v0.2's dotted names; without `#`, the default export.
 * Throws MODULE_NOT_FOUND or MODULE_INVALID. Loads code: never give it a reference that came over the network.
 */
export async function loadExport(reference: string, search: ModuleSearch): Promise<unknown> {
  const parsed = parseModuleReference(reference);
  const url = resolveModule(parsed, search);
  const namespace = await importModule(url, parsed.module);
  return pickExport(namespace, parsed.exportName, parsed.module);
}

/**
 * Makes a task, an agent or the like of what a module exports: a class is constructed, a function called (its promise
 * awaited), an object taken as it is. Throws MODULE_INVALID for anything else, and where building throws.
 */
export async function build(exported: unknown, context: BuildContext): Promise<unknown> {
  if (typeof exported === "object" && exported !== null) return exported;
  if (typeof exported !== "function") {
    throw new CodedError("MODULE_INVALID", `expected a class, a function or an object, received ${describe(exported)}`);
  }
  try {
    if (isClass(exported)) return new (exported as Constructor)(context);
    return await (exported as (context: BuildContext) => unknown)(context);
  } catch (cause) {
    if (isCodedError(cause)) throw cause;
    throw new CodedError("MODULE_INVALID", `${exported.name || "the module"} could not be created`, { cause });
  }
}

type Constructor = new (context: BuildContext) => unknown;

/** Checks that a built value has these methods. Throws MODULE_INVALID naming `what` and all that is missing. */
export function requireMethods<Value extends object>(
  value: unknown,
  methods: readonly (keyof Value & string)[],
  what: string,
): Value {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) {
    throw new CodedError("MODULE_INVALID", `${what}: expected an object, received ${describe(value)}`);
  }
  const missing = methods.filter((method) => typeof (value as Record<string, unknown>)[method] !== "function");
  if (missing.length === 0) return value as Value;
  const names = missing.map((method) => `${method}()`).join(", ");
  throw new CodedError("MODULE_INVALID", `${what}: missing ${names}`);
}

async function importModule(url: string, module: string): Promise<Record<string, unknown>> {
  try {
    return await import(/* @vite-ignore */ url);
  } catch (cause) {
    const file = url.startsWith("file:") ? fileURLToPath(url) : url;
    throw new CodedError("MODULE_INVALID", `module ${module} (${file}) cannot be loaded`, { cause });
  }
}

function pickExport(namespace: Record<string, unknown>, name: string, module: string): unknown {
  if (Object.hasOwn(namespace, name)) return namespace[name];
  // A CommonJS module whose exports Node could not foresee has them on its default export.
  const whole = namespace.default;
  if (typeof whole === "object" && whole !== null && Object.hasOwn(whole, name)) return (whole as never)[name];
  const names = Object.keys(namespace)
    .filter((candidate) => candidate !== "module.exports")
    .sort();
  const known = names.length === 0 ? "it exports nothing" : `it exports ${names.join(", ")}`;
  const what =
    name === "default" ? "has no default export; append # and the name of an export" : `does not export ${name}`;
  throw new CodedError("MODULE_INVALID", `module ${module} ${what}: ${known}`);
}

function isClass(value: object): boolean {
  return /^class\b/.test(Function.prototype.toString.call(value));
}

function describe(value: unknown): string {
  return value === null || value === undefined ? String(value) : `a ${typeof value}`;
}
