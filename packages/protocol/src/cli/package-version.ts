import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The version of the package that a module (`import.meta.url`) belongs to, for `--version`. */
export function readPackageVersion(importMetaUrl: string): string {
  let folder = dirname(fileURLToPath(importMetaUrl));
  while (!existsSync(join(folder, "package.json"))) {
    const parent = dirname(folder);
    if (parent === folder) return "0.0.0";
    folder = parent;
  }
  const { version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { version?: string };
  return version ?? "0.0.0";
}
