import type { spawn } from "node:child_process";
import type { Environment } from "@eval/protocol/config";
import type { Logger } from "@eval/protocol/logger";
import { findBin, type Role } from "./find-bin.js";
import { installWithNpx } from "./npx-install.js";

export interface LocateBinsOptions {
  roles: readonly Role[];
  /** Given by the caller. */
  bins: Partial<Record<Role, string>>;
  /** Of the tasks' modules; installed together with the worker, if the worker is installed. */
  packages: readonly string[];
  version: string;
  cwd: string;
  /** Where installed packages are looked for, in order; absolute. */
  folders: readonly string[];
  env: Environment;
  logger: Logger;
  spawn: typeof spawn;
  timeoutMs: number;
  signal: AbortSignal;
}

/** The file of each bin: given, else installed, else fetched with one npx step for all that are missing. */
export async function locateBins(options: LocateBinsOptions): Promise<Map<Role, string>> {
  const { roles, bins, folders, env } = options;
  const search = { folders, path: env.PATH ?? env.Path };
  const found = new Map<Role, string>();
  for (const role of roles) {
    const bin = bins[role] ?? findBin(role, search);
    if (bin !== undefined) found.set(role, bin);
  }
  const missing = roles.filter((role) => !found.has(role));
  if (missing.length === 0) return found;
  const packages = missing.includes("worker") ? options.packages : [];
  const installed = await installWithNpx({ ...options, roles: missing, packages });
  return new Map([...found, ...installed]);
}
