import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { randomId } from "@eval/protocol";
import { writeFileDurably } from "../results/durable-files.js";

/**
 * The id of the run that an output folder belongs to, made at its first launch. Every launch has the same one, so
 * that a new launch takes over (and ends) the sessions that a killed one has left. The caller holds the folder's lock.
 *
 * @param mayWrite called before it is written; what it rejects with, this rejects with
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
