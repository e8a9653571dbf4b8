import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Json, sampleStatuses, type TaskOutput } from "@eval/protocol";
import { fileNames } from "./cell-folder.js";
import { FolderMaker, writeFileDurably } from "./durable-files.js";

/** overall.json, key for key as v0.2 writes it. */
export interface Overall {
  total: number;
  /** Each status with its share of all results, then `average_`, `max_` and `min_history_length`. */
  validation: Record<string, number>;
  /** What the task's calculateOverall returned. */
  custom: Json;
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

  /** Without results every number is 0. */
  finish(custom: Json): Overall {
    const share = (count: number) => (this.total === 0 ? 0 : count / this.total);
    const validation: Record<string, number> = {};
    for (const [status, count] of this.counts) validation[status] = share(count);
    validation.average_history_length = share(this.messages);
    validation.max_history_length = this.longest;
    validation.min_history_length = this.total === 0 ? 0 : this.shortest;
    return { total: this.total, validation, custom };
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
    const overall = JSON.parse(await readFile(join(folder, fileNames.overall), "utf8")) as Partial<Overall> | null;
    if (overall?.total !== accepted || !overall.validation || typeof overall.validation !== "object") return undefined;
    return { total: overall.total, validation: overall.validation, custom: overall.custom ?? null };
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (error instanceof SyntaxError || code === "ENOENT") return undefined;
    throw error;
  }
}
