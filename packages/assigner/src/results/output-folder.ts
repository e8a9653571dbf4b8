import { readdir } from "node:fs/promises";
import { CodedError } from "@eval/protocol";
import { fileNames } from "./cell-folder.js";

/**
 * Refuses a folder that is full of other things, before anything is written into it: a run's folder is new, empty, or
 * has the config.yaml that every launch writes (v0.2's too). Throws OUTPUT_INVALID.
 */
export async function assertOutputFolder(output: string): Promise<void> {
  const entries = await readdir(output).catch((error: NodeJS.ErrnoException) => {
    // What else may be wrong with it shows when it is made.
    if (error.code === "ENOENT" || error.code === "ENOTDIR") return [];
    throw error;
  });
  const isOurs = (name: string) => name === fileNames.config || name.startsWith(fileNames.lock);
  if (entries.length === 0 || entries.some(isOurs)) return;
  const found = entries.slice(0, 3).join(", ");
  const text = `${output} is not empty and holds no run (${found}, ...): choose a new folder, or that of an earlier run`;
  throw new CodedError("OUTPUT_INVALID", text);
}
