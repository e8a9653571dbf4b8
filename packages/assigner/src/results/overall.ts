import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Json, sampleStatuses, type TaskOutput } from "@eval/protocol";
import { fileNames } from "./cell-folder.js";
import { FolderMaker, writeFileDurably } from "./durable-files.js";
import { parsePythonObject } from "./python-json.js";

/** overall.json, key for key as v0.2 writes it. */
export interface Overall {
  total: number;
  /** Each status with its share of all results, then `average_`, `max_` and `min_history_length`. */
  validation: Record<string, number>;
  /** What the task's calculateOverall returned. */
  custom: Json;
  /** Ours, and only where there are any: results in the folder that the task has no sample for; they do not count. */
  not_in_task?: number;
}

/** A fold over the accepted results of a cell; the order does not matter. */
export class OverallFold {
  private readonly counts = new Map<string, number>(sampleStatuses.map((status) => [status, 0]));
  private total = 0;
  private messages = 0;
  private longest = 0;
  private shortest = Number.POSITIVE_INFINITY;

  /** A result without a history counts as one of length 0. */
  add(output: TaskOutput): void {
    const length = output.history?.length ?? 0;
    this.counts.set(output.status, (this.counts.get(output.status) ?? 0) + 1);
    this.total++;
    this.messages += length;
    this.longest = Math.max(this.longest, length);
    this.shortest = Math.min(this.shortest, length);
  }

  /** The results as they pass by, each added on its way: one reading serves the fold and the task. */
  async *through(results: AsyncIterable<TaskOutput>): AsyncGenerator<TaskOutput> {
    for await (const output of results) {
      this.add(output);
      yield output;
    }
  }

  /** Without results every number is 0. `others`: how many results were left out, not being the task's. */
  finish(custom: Json, others = 0): Overall {
    const share = (count: number) => (this.total === 0 ? 0 : count / this.total);
    const validation: Record<string, number> = {};
    for (const [status, count] of this.counts) validation[status] = share(count);
    validation.average_history_length = share(this.messages);
    validation.max_history_length = this.longest;
    validation.min_history_length = this.total === 0 ? 0 : this.shortest;
    return { total: this.total, validation, custom, ...(others > 0 && { not_in_task: others }) };
  }
}

/** Replaces `{folder}/overall.json`. */
export async function writeOverall(folder: string, overall: Overall): Promise<void> {
  await new FolderMaker().make(folder);
  await writeFileDurably(join(folder, fileNames.overall), `${JSON.stringify(overall, undefined, 4)}\n`);
}

/** The folder's overall.json if it is there, readable, and about `accepted` results; else it has to be made anew. */
export async function readValidOverall(folder: string, accepted: number): Promise<Overall | undefined> {
  try {
    const text = await readFile(join(folder, fileNames.overall), "utf8");
    const overall = (parsePythonObject(text) ?? {}) as Partial<Overall>;
    const { total, validation, custom = null, not_in_task: others = 0 } = overall;
    if (total === undefined || total + others !== accepted) return undefined;
    if (typeof validation !== "object" || validation === null) return undefined;
    return { total, validation, custom, ...(others > 0 && { not_in_task: others }) };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
