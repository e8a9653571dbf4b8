import { join } from "node:path";
import { CodedError, type SampleIndex } from "@eval/protocol";
import { type CellRef, cellFolder, fileNames } from "./cell-folder.js";
import { FolderMaker } from "./durable-files.js";
import { JournalFile } from "./journal-file.js";
import { formatLine, isAccepted, type RunRecord } from "./journal-record.js";
import { OpenFiles } from "./open-files.js";
import type { OutputLock } from "./output-lock.js";

export interface RunLogOptions {
  /** Milliseconds since 1970. */
  now: () => number;
  /** Files open at once; default 64. */
  maxOpenFiles?: number;
  /** The folder's lock: it is checked before every write. Default: not checked. */
  lock?: Pick<OutputLock, "assertHeld">;
}

/** `late`: the sample had a result already, and this one was set aside in `late.jsonl`. */
export type Recording = "recorded" | "late";

/**
 * The journal of one output folder: accepted results in runs.jsonl, failed attempts in error.jsonl, both below
 * `{output}/{agent}/{task}`. There is at most one accepted result per agent, task, index and epoch. The caller holds
 * the folder's lock.
 */
export class RunLog {
  private readonly files: OpenFiles;
  private readonly journals = new Map<string, JournalFile>();
  private readonly accepted = new Map<string, Set<SampleIndex>>();
  private failure: CodedError | undefined;

  constructor(
    private readonly output: string,
    private readonly options: RunLogOptions,
  ) {
    this.files = new OpenFiles(new FolderMaker(), options.maxOpenFiles ?? 64);
  }

  /** The write that failed, if one did; every append since then was refused. */
  get broken(): CodedError | undefined {
    return this.failure;
  }

  /** Rejects with OUTPUT_LOCKED where the folder is no longer this process's: nothing may be written into it. */
  readonly assertHeld = async (): Promise<void> => {
    await this.options.lock?.assertHeld();
  };

  /**
   * Rejects with OUTPUT_WRITE_FAILED where another program has deleted, replaced or changed a file that this log has
   * written. No append may be under way.
   */
  async assertInPlace(): Promise<void> {
    for (const journal of this.journals.values()) await journal.assertInPlace();
  }

  /** Tells what is on disk from earlier launches: a further result for these is late. */
  seed(cell: CellRef, accepted: Iterable<SampleIndex>): void {
    const known = this.acceptedIn(cellFolder(this.output, cell));
    for (const index of accepted) known.add(index);
  }

  /**
   * Resolves when the record is on disk. Rejects with OUTPUT_WRITE_FAILED, which names the file and the cause, if it
   * cannot be written; the log is broken from then on.
   */
  async append(record: RunRecord): Promise<Recording> {
    if (this.failure !== undefined) throw this.failure;
    const folder = cellFolder(this.output, record);
    const [file, recording] = this.place(folder, record);
    try {
      await this.journal(join(folder, file)).append(formatLine(record, this.options.now()));
    } catch (error) {
      this.failure ??= error as CodedError;
      throw error;
    }
    return recording;
  }

  /** Waits for the lines under way and closes the files; later appends reject. */
  async close(): Promise<void> {
    this.failure ??= new CodedError("OUTPUT_WRITE_FAILED", `the journal in ${this.output} is closed`);
    await Promise.all([...this.journals.values()].map((journal) => journal.settled()));
    await this.files.close();
  }

  /** Decides without waiting for anything, so that two results of one sample cannot both be the first. */
  private place(folder: string, record: RunRecord): [file: string, Recording] {
    if (!isAccepted(record)) return [fileNames.error, "recorded"];
    const accepted = this.acceptedIn(folder);
    if (accepted.has(record.index)) return [fileNames.late, "late"];
    accepted.add(record.index);
    return [fileNames.runs, "recorded"];
  }

  private acceptedIn(folder: string): Set<SampleIndex> {
    const known = this.accepted.get(folder);
    if (known !== undefined) return known;
    const indices = new Set<SampleIndex>();
    this.accepted.set(folder, indices);
    return indices;
  }

  private journal(path: string): JournalFile {
    const known = this.journals.get(path);
    if (known !== undefined) return known;
    const journal = new JournalFile(path, this.files, this.assertHeld);
    this.journals.set(path, journal);
    return journal;
  }
}
