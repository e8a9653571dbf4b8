import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Json, sampleStatuses, type TaskOutput } from "@eval/protocol";
import type { Overall } from "../attempt/overall.js";
import { fileNames } from "./cell-folder.js";
import { FolderMaker, writeFileDurably } from "./durable-files.js";
import { parsePythonObject } from "./python-json.js";

/** A fold over the accepted results of a cell, in any order. */
export class OverallFold {
  private readonly counts = new Map<string, number>(sampleStatuses.map((status) => [status, 0]));
  private total = 0;
  private messages = 0;
  private longest = 0;
  private shortest = Number.POSITIVE_INFINITY;

  /** A result without a history counts as a history of length 0. */
  add(output: TaskOutput): void {
    const length = output.history?.length ?? 0;
    this.counts.set(output.status, (this.counts.get(output.status) ?? 0) + 1);
    this.total++;
    this.messages += length;
    this.longest = Math.max(this.longest, length);
    this.shortest = Math.min(this.shortest, length);
  }

  /** Passes the results through and adds each one, so that one read serves both the fold and the task. */
  async *through(results: AsyncIterable<TaskOutput>): AsyncGenerator<TaskOutput> {
    for await (const output of results) {
      this.add(output);
      yield output;
    }
  }

  /** Without results, every number is 0. `others`: number of skipped results that are not the task's. */
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

/**
 * Replaces `{folder}/overall.json`, then records next to it from which results it was computed. After a crash in between,
 * {@link readValidOverall} treats the overall as outdated.
 *
 * @param digest of the results' lines, see ResultDigest
 * @param mayReplace see writeFileDurably
 */
export async function writeOverall(
  folder: string,
  overall: Overall,
  digest: string,
  mayReplace?: () => Promise<void>,
): Promise<void> {
  await new FolderMaker().make(folder);
  await writeFileDurably(join(folder, fileNames.overall), `${JSON.stringify(overall, undefined, 4)}\n`, mayReplace);
  await writeSource(folder, digest, mayReplace);
}

/** The recorded results of a folder's journal. */
export interface RecordedResults {
  /** Number of accepted results. */
  accepted: number;
  /** Digest of their lines. */
  digest: string;
}

/**
 * The folder's overall.json if it exists, is readable, and was computed from these results; else it must be computed again.
 * v0.2 does not record the source of an overall: then the number of results must match.
 */
export async function readValidOverall(
  folder: string,
  { accepted, digest }: RecordedResults,
): Promise<Overall | undefined> {
  const source = await readSource(folder);
  if (source !== undefined && source !== digest) return undefined;
  const overall = (parsePythonObject((await readText(folder, fileNames.overall)) ?? "") ?? {}) as Partial<Overall>;
  const { total, validation, custom = null, not_in_task: others = 0 } = overall;
  if (total === undefined || total === 0 || total + others !== accepted) return undefined;
  if (typeof validation !== "object" || validation === null) return undefined;
  return { total, validation, custom, ...(others > 0 && { not_in_task: others }) };
}

/**
 * Marks an overall.json without a recorded source as outdated: once new results are written, their number may match
 * again.
 */
export async function distrustOverall(folder: string, mayReplace?: () => Promise<void>): Promise<void> {
  const isUnmarked = (await readSource(folder)) === undefined;
  if (isUnmarked && (await readText(folder, fileNames.overall)) !== undefined) {
    await writeSource(folder, null, mayReplace);
  }
}

async function writeSource(folder: string, digest: string | null, mayReplace?: () => Promise<void>): Promise<void> {
  const content = `${JSON.stringify({ results_sha256: digest })}\n`;
  await writeFileDurably(join(folder, fileNames.overallSource), content, mayReplace);
}

/** Undefined if the file does not exist. Null if the overall's source is unknown. */
async function readSource(folder: string): Promise<string | null | undefined> {
  const text = await readText(folder, fileNames.overallSource);
  if (text === undefined) return undefined;
  const digest = parsePythonObject(text)?.results_sha256;
  return typeof digest === "string" ? digest : null;
}

async function readText(folder: string, name: string): Promise<string | undefined> {
  try {
    return await readFile(join(folder, name), "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
