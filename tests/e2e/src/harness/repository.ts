import { join, resolve } from "node:path";

/** The checkout that is tested; the programs start there unless a test says otherwise. */
export const repository = resolve(import.meta.dirname, "../../../..");

export const packagesFolder = join(repository, "packages");

export const binNames = ["assigner", "controller", "protocol", "start-task", "worker"] as const;

export type BinName = (typeof binNames)[number];

/** The file that `node` runs. */
export function binFile(name: BinName): string {
  return join(packagesFolder, name, "bin.js");
}

/** A module of this package's `fixtures/`: an agent, a task or a script. */
export function fixture(name: string): string {
  return resolve(import.meta.dirname, "../../fixtures", name);
}
