import { existsSync, realpathSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { resolveModuleURL } from "exsolve";
import { binOfPackage } from "./package-bin.js";

/** The programs that start-task starts. */
export type Role = "worker" | "controller";

export interface BinSearch {
  /** Where packages are looked for, in order; absolute. */
  folders: readonly string[];
  /** The PATH variable. */
  path?: string | undefined;
}

/** The JavaScript file of an installed bin: by package resolution, otherwise next to its command on the PATH. */
export function findBin(role: Role, search: BinSearch): string | undefined {
  return byResolution(`@eval/${role}`, search.folders) ?? byPath(role, search.path ?? "");
}

function byResolution(name: string, folders: readonly string[]): string | undefined {
  for (const folder of folders) {
    const from = pathToFileURL(join(folder, "/"));
    const url = resolveModuleURL(`${name}/package.json`, { from, try: true, cache: false });
    const bin = url === undefined ? undefined : binOfPackage(fileURLToPath(url));
    if (bin !== undefined) return bin;
  }
  return undefined;
}

/**
 * A command on PATH is a link to the file (npm), or a script that starts it (pnpm, Windows). The file itself is
 * wanted, since a script would stand between the process and its signals.
 */
function byPath(role: Role, path: string): string | undefined {
  for (const folder of path.split(delimiter).filter((part) => part !== "")) {
    const command = [`eval-${role}`, `eval-${role}.cmd`].map((name) => join(folder, name)).find(existsSync);
    if (command === undefined) continue;
    const real = realpathSync(command);
    if (/\.[cm]?js$/.test(real)) return real;
    const homes = ["..", "../lib/node_modules", "node_modules", "../node_modules"];
    const bins = homes.map((home) => binOfPackage(join(folder, home, "@eval", role, "package.json")));
    const found = bins.find((bin) => bin !== undefined);
    if (found !== undefined) return realpathSync(found);
  }
  return undefined;
}
