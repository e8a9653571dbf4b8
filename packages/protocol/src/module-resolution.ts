import { existsSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { resolveModuleURL } from "exsolve";
import { CodedError } from "./error.js";
import type { ModuleReference } from "./module-reference.js";

export interface ModuleSearch {
  /** Folder that relative paths start from, and where packages are looked for first; absolute. */
  configDir: string;
  /** Where packages are looked for next. Default: the process's working directory. */
  cwd?: string | undefined;
  /** Where packages are looked for last: a folder of the running package, `import.meta.dirname`. */
  from?: string | undefined;
}

/** The URL to import. Throws MODULE_NOT_FOUND that says where the module was looked for and what to do. */
export function resolveModule(reference: ModuleReference, search: ModuleSearch): string {
  return reference.isPath ? resolveFile(reference.module, search) : resolvePackage(reference, search);
}

function resolveFile(path: string, search: ModuleSearch): string {
  const file = resolve(search.configDir, path);
  const stats = statSync(file, { throwIfNoEntry: false });
  if (stats?.isFile()) return pathToFileURL(file).href;
  const why = stats === undefined ? "there is no file" : "not a file:";
  throw new CodedError("MODULE_NOT_FOUND", `module ${path}: ${why} ${file}`);
}

function resolvePackage({ module, exportName }: ModuleReference, search: ModuleSearch): string {
  const folders = searchFolders(search);
  for (const folder of folders) {
    // import.meta.resolve cannot start from another folder, and require.resolve refuses packages for import alone.
    const url = resolveModuleURL(module, { from: pathToFileURL(join(folder, "/")), try: true, cache: false });
    if (url !== undefined) return url;
  }
  const name = packageName(module);
  const looked = folders.map((folder) => `\n  ${folder}`).join("");
  const installed = folders.map((folder) => installedFolder(name, folder)).find((folder) => folder !== undefined);
  if (installed !== undefined) {
    const what = module === name ? "its main entry cannot be found (is it built?)" : `it does not export ${module}`;
    throw new CodedError(
      "MODULE_NOT_FOUND",
      `module ${module}: the package ${name} is installed in ${installed}, but ${what}`,
    );
  }
  const file = existsSync(resolve(search.configDir, module));
  const hint = file
    ? `If you mean the file, write ./${module}${exportName === "default" ? "" : `#${exportName}`}`
    : `Install it: npm install ${name}`;
  throw new CodedError("MODULE_NOT_FOUND", `the package ${name} is not installed. ${hint}\nSearched from${looked}`);
}

function searchFolders(search: ModuleSearch): string[] {
  const folders = [search.configDir, search.cwd ?? process.cwd(), search.from];
  return [...new Set(folders.filter((folder) => folder !== undefined).map((folder) => resolve(folder)))];
}

function packageName(module: string): string {
  const parts = module.split("/");
  return parts.slice(0, module.startsWith("@") ? 2 : 1).join("/");
}

/** The package's folder in the nearest node_modules, whatever its `exports` say. */
function installedFolder(name: string, from: string): string | undefined {
  const candidate = join(from, "node_modules", name);
  if (existsSync(candidate)) return candidate;
  const parent = dirname(from);
  return parent === from ? undefined : installedFolder(name, parent);
}
