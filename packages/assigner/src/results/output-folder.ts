import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { CodedError } from "@eval/protocol";
import { fileNames } from "./cell-folder.js";

/**
 * Refuses a folder with other content before anything is written into it: a run's folder is new, empty, or contains the
 * config.yaml that every launch writes, or results. (v0.2 writes config.yaml only into folders that it creates.) Throws
 * OUTPUT_INVALID.
 */
export async function assertOutputFolder(output: string): Promise<void> {
  const entries = await namesIn(output);
  const isOurs = (name: string) => name === fileNames.config || name.startsWith(fileNames.lock);
  if (entries.length === 0 || entries.some(isOurs) || (await hasCell(output, entries))) return;
  const found = entries.slice(0, 3).join(", ");
  const text = `${output} is not empty and contains no run (${found}, ...): choose a new folder, or the folder of an earlier run`;
  throw new CodedError("OUTPUT_INVALID", text);
}

const cellFiles: ReadonlySet<string> = new Set([fileNames.runs, fileNames.error, fileNames.overall]);

/** Maximum number of folders to search, because the path may be a home folder with a whole disk below it. */
const maxFolders = 1_000;

/** Whether there is an agent's folder with a task's folder that contains results. */
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

/** Empty if the folder is missing or unreadable: the error is reported when the folder is created or used. */
async function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (["ENOENT", "ENOTDIR", "EACCES", "EPERM"].includes(error.code ?? "")) return [];
    throw error;
  });
}
