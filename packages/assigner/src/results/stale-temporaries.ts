import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { fileNames } from "./cell-folder.js";

/** Matches the names of `temporaryBeside`. */
const temporary = /\.\d+\.[0-9a-f]{12}\.tmp$/;

/** A process that tries to take the lock has a temporary file of its own for some milliseconds. */
const lockAttemptMs = 3_600_000;

/**
 * Removes temporary files of killed writers from an output folder. The caller holds the folder's lock: no other process
 * writes there, except those that try to take the lock. `now`: milliseconds since 1970.
 */
export async function removeStaleTemporaries(output: string, now: number): Promise<void> {
  for (const name of await readdir(output, { recursive: true })) {
    if (!temporary.test(name)) continue;
    const path = join(output, name);
    if (name.startsWith(fileNames.lock) && !(await isOlder(path, now - lockAttemptMs))) continue;
    await rm(path, { force: true });
  }
}

async function isOlder(path: string, time: number): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found !== undefined && found.mtimeMs < time;
}
