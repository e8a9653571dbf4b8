import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { CodedError } from "@eval/protocol";
import { fileNames } from "./cell-folder.js";

/**
 * Refuses a folder that is full of other things, before anything is written into it: a run's folder is new, empty, or
 * has the config.yaml that every launch writes, or results. (v0.2 writes config.yaml only into a folder that it makes.)
 * Throws OUTPUT_INVALID.
 */
export async function assertOutputFolder(output: string): Promise<void> {
  const entries = await namesIn(output);
  const isOurs = (name: string) => name === fileNames.config || name.startsWith(fileNames.lock);
  if (entries.length === 0 || entries.some(isOurs) || (await hasCell(output, entries))) return;
  const found = entries.slice(0, 3).join(", ");
  const text = `${output} is not empty and holds no run (${found}, ...): choose a new folder, or that of an earlier run`;
  throw new CodedError("OUTPUT_INVALID", text);
}

const cellFiles: ReadonlySet<string> = new Set([fileNames.runs, fileNames.error, fileNames.overall]);

/** So many folders are looked into: somebody's home folder is no reason to read a whole disk. */
const maxFolders = 1_000;

/** Whether there is an agent's folder with a task's folder that has results. */
async function hasCell(output: string, agents: readonly string[]): Promise<boolean> {
  let left = maxFolders;
  for (const agent of agents) {
    for (const task of await namesIn(join(output, agent))) {
      if (left-- === 0) return false;
      const files = await namesIn(join(output, agent, task));
      if (files.some((name) => cellFiles.has(name))) return true;
    }
  }
  return false;
}

/** Nothing where there is no folder, or none that may be read: what is wrong with it shows when it is made or used. */
async function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (["ENOENT", "ENOTDIR", "EACCES", "EPERM"].includes(error.code ?? "")) return [];
    throw error;
  });
}
