import { existsSync, readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";

/** The file of a package's one bin, absolute; undefined if there is none (or it does not exist yet). */
export function binOfPackage(packageJson: string): string | undefined {
  if (!existsSync(packageJson)) return undefined;
  const { bin } = JSON.parse(readFileSync(packageJson, "utf8")) as { bin?: string | Record<string, string> };
  const path = typeof bin === "string" ? bin : Object.values(bin ?? {})[0];
  if (path === undefined) return undefined;
  const file = resolve(dirname(packageJson), path);
  return existsSync(file) ? file : undefined;
}
