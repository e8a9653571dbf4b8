import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Role } from "./find-bin.js";

export interface NpxStep {
  /** Bins that are wanted. */
  roles: readonly Role[];
  /** Packages to install in addition. */
  packages: readonly string[];
  /** start-task's own: the packages of the scope are released together. */
  version: string;
}

/**
 * Arguments for npx that install the bins' packages into npx's cache and print the path of each bin, a line each. npx
 * has put the cache's `node_modules/.bin` on PATH, which is how the script finds the packages.
 */
export function npxArguments({ roles, packages, version }: NpxStep): string[] {
  const wanted = roles.map((role) => `@eval/${role}`);
  const specs = [...new Set([...wanted, ...packages])].map((name) => [
    "--package",
    name.startsWith("@eval/") ? `${name}@${version}` : name,
  ]);
  return ["--yes", ...specs.flat(), "--", "node", "-e", printPaths(wanted)];
}

/** Without quotes other than double ones and without `$`: it passes through npx's shell. */
function printPaths(packages: readonly string[]): string {
  const find = `process.env.PATH.split(path.delimiter).map((d)=>path.resolve(d,"..",n)).find((d)=>fs.existsSync(path.join(d,"package.json")))`;
  const bin = `Object.values(JSON.parse(fs.readFileSync(path.join(d,"package.json"),"utf8")).bin)[0]`;
  return `for(const n of ${JSON.stringify(packages)}){const d=fs.realpathSync(${find});console.log(path.join(d,${bin}))}`;
}

/** How npx is started without a shell: on Windows it is a script next to node. */
export function npxProgram(platform: NodeJS.Platform, execPath: string): { file: string; before: string[] } {
  if (platform !== "win32") return { file: "npx", before: [] };
  const script = join(dirname(execPath), "node_modules", "npm", "bin", "npx-cli.js");
  return existsSync(script) ? { file: execPath, before: [script] } : { file: "npx.cmd", before: [] };
}
