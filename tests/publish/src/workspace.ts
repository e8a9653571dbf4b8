import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

export interface Manifest {
  name: string;
  version: string;
  bin?: Record<string, string>;
  exports: Record<string, string | Record<string, string>>;
  engines?: Record<string, string>;
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
  peerDependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
}

export const workspaceDir = resolve(import.meta.dirname, "../../..");

export function readManifest(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
}

/** What is published, by name. */
export function publishedPackages(): string[] {
  const folder = join(workspaceDir, "packages");
  return readdirSync(folder).map((name) => readManifest(join(folder, name)).name);
}
