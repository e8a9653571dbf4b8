import { copyFile, open, readdir, rename } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fileNames } from "./cell-folder.js";
import { syncFolder, temporaryBeside } from "./durable-files.js";

const journals: ReadonlySet<string> = new Set([fileNames.runs, fileNames.error, fileNames.late]);

/**
 * Replaces every journal of an output folder with a copy. A process that still has a journal open then writes into a file
 * that is no longer read, and detects this. Needed when a lock is taken by force: its holder may be suspended right
 * before a write.
 */
export async function detachJournals(output: string): Promise<void> {
  for (const name of await readdir(output, { recursive: true })) {
    if (journals.has(basename(name))) await replaceByCopy(join(output, name));
  }
}

async function replaceByCopy(path: string): Promise<void> {
  const copy = temporaryBeside(path);
  await copyFile(path, copy);
  const handle = await open(copy, "r+");
  await handle.sync().finally(() => handle.close());
  await rename(copy, path);
  await syncFolder(dirname(path));
}
