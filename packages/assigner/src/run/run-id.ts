import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { randomId } from "@eval/protocol";
import { writeFileDurably } from "../results/durable-files.js";

/**
 * The id of the run that an output folder belongs to, created at its first launch. All launches share it, so that a new
 * launch takes over (and ends) the sessions of a killed one. The caller holds the folder's lock.
 *
 * @param mayWrite called before the id is written; its rejection is passed on
 */
export async function readOrMakeRunId(output: string, mayWrite: () => Promise<void>): Promise<string> {
  const path = join(output, "run.json");
  try {
    const { run_id } = JSON.parse(await readFile(path, "utf8")) as { run_id?: unknown };
    if (typeof run_id === "string" && run_id.length >= 8) return run_id;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT" && !(error instanceof SyntaxError)) throw error;
  }
  const id = randomId();
  await writeFileDurably(path, `${JSON.stringify({ run_id: id })}\n`, mayWrite);
  return id;
}
