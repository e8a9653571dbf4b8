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
  /** Maximum number of open files; default 64. */
  maxOpenFiles?: number;
  /** The folder's lock, checked before every write. Default: not checked. */
  lock?: Pick<OutputLock, "assertHeld">;
}

/** `late`: the sample already had a result, and this one was written to `late.jsonl` instead. */
export type Recording = "recorded" | "late";

/**
 * The journal of one output folder: accepted results in runs.jsonl, failed attempts in error.jsonl, both in
 * `{output}/{agent}/{task}`. There is at most one accepted result per agent, task, index and epoch. The caller holds the
 * folder's lock.
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

  /** The error of a failed write; all later appends are rejected with it. */
  get broken(): CodedError | undefined {
    return this.failure;
  }

  /** Rejects with OUTPUT_LOCKED if this process no longer holds the folder: nothing may be written then. */
  readonly assertHeld = async (): Promise<void> => {
    await this.options.lock?.assertHeld();
  };

  /**
   * Rejects with OUTPUT_WRITE_FAILED if another program has deleted, replaced or changed a file written by this log. Must
   * not be called during an append.
   */
  async assertInPlace(): Promise<void> {
    for (const journal of this.journals.values()) await journal.assertInPlace();
  }

  /** Adds the results of earlier launches: another result of these samples is late. */
  seed(cell: CellRef, accepted: Iterable<SampleIndex>): void {
    const known = this.acceptedIn(cellFolder(this.output, cell));
    for (const index of accepted) known.add(index);
  }

  /**
   * Resolves when the record is on disk. Rejects with OUTPUT_WRITE_FAILED, which names the file and the cause, if the
   * write fails; the log rejects all later appends then.
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

  /** Waits for pending lines and closes the files; later appends reject. */
  async close(): Promise<void> {
    this.failure ??= new CodedError("OUTPUT_WRITE_FAILED", `the journal in ${this.output} is closed`);
    await Promise.all([...this.journals.values()].map((journal) => journal.settled()));
    await this.files.close();
  }

  /** Synchronous, so that two results of one sample cannot both be the first. */
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
