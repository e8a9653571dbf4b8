import { stat } from "node:fs/promises";
import { CodedError, isCodedError } from "@eval/protocol";
import type { OpenFile, OpenFiles } from "./open-files.js";

interface WaitingLine {
  line: string;
  resolve: () => void;
  reject: (error: CodedError) => void;
}

/** Maximum number of characters in one write (at least one line): limits how much is copied at once. */
const maxBatch = 1 << 22;

/**
 * One file of the journal. Group commit: all lines that wait during a write are then written together, with one write
 * and one fdatasync.
 */
export class JournalFile {
  private waiting: WaitingLine[] = [];
  private writing: Promise<void> | undefined;
  private failure: CodedError | undefined;
  /** The file after the last write; undefined before the first one. */
  private written: Place | undefined;

  /** @param mayWrite called before each write; if it rejects, the write fails with its error */
  constructor(
    private readonly path: string,
    private readonly files: OpenFiles,
    private readonly mayWrite: () => Promise<void>,
  ) {}

  /**
   * Resolves when the line, which must end with a newline, is on disk; lines are written in the order of the calls.
   * Rejects with OUTPUT_WRITE_FAILED after a write has failed, and for all later calls.
   */
  append(line: string): Promise<void> {
    if (this.failure !== undefined) return Promise.reject(this.failure);
    return new Promise((resolve, reject) => {
      this.waiting.push({ line, resolve, reject });
      this.writing ??= this.writeAll();
    });
  }

  /**
   * Rejects with OUTPUT_WRITE_FAILED if another program has deleted, replaced or changed the file since the last write, or
   * with the rejection of `mayWrite`. Must not be called during a write.
   */
  async assertInPlace(): Promise<void> {
    await this.mayWrite();
    if (this.written !== undefined) await this.assertSame(this.written);
  }

  /** Resolves when no lines are pending; never rejects. */
  async settled(): Promise<void> {
    await this.writing;
  }

  /** Compares by path, because a deleted file still accepts lines from processes that have it open. */
  private async assertSame(expected: Place): Promise<void> {
    const found = await placeOf(this.path);
    if (found !== undefined && isSame(found, expected)) return;
    // A process that takes the folder over replaces the journals; mayWrite reports that case.
    await this.mayWrite();
    throw changedError(this.path, found === undefined ? "deleted" : "replaced or changed");
  }

  private async writeAll(): Promise<void> {
    // Waits for lines that are appended in the same turn of the event loop, so that they join the first batch.
    await Promise.resolve();
    while (this.waiting.length > 0) {
      const batch = this.nextBatch();
      const failure = await this.write(batch.map(({ line }) => line).join(""));
      for (const { resolve, reject } of batch) failure === undefined ? resolve() : reject(failure);
      if (failure !== undefined) this.fail(failure);
    }
    this.writing = undefined;
  }

  private nextBatch(): WaitingLine[] {
    let length = 0;
    const rest = this.waiting.findIndex(({ line }, at) => {
      length += line.length;
      return at > 0 && length > maxBatch;
    });
    return this.waiting.splice(0, rest < 0 ? this.waiting.length : rest);
  }

  private async write(text: string): Promise<CodedError | undefined> {
    try {
      // The file may have been closed in the meantime, and another one opened or created at its path.
      await this.assertInPlace();
      await this.files.use(this.path, async (file) => {
        // Called after opening: a process that takes the folder over replaces all files opened before.
        await this.mayWrite();
        await appendDurably(file, text);
        await this.assertSame(file);
        this.written = { identity: file.identity, size: file.size };
      });
      return undefined;
    } catch (error) {
      if (isCodedError(error)) return error;
      const message = `No more samples are started. Free disk space or fix the cause, then launch again. Cannot write ${this.path}`;
      return new CodedError("OUTPUT_WRITE_FAILED", message, { cause: error });
    }
  }

  private fail(failure: CodedError): void {
    this.failure = failure;
    for (const { reject } of this.waiting.splice(0)) reject(failure);
  }
}

type Place = Pick<OpenFile, "identity" | "size">;

function isSame(one: Place, other: Place): boolean {
  return one.identity === other.identity && one.size === other.size;
}

/** Undefined if the file does not exist. */
async function placeOf(path: string): Promise<Place | undefined> {
  try {
    const { dev, ino, size } = await stat(path, { bigint: true });
    return { identity: `${dev} ${ino}`, size: Number(size) };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw error;
  }
}

function changedError(path: string, how: string): CodedError {
  const what = `${path} was ${how} by another program during the run: results in it may be lost`;
  const advice = "No more samples are started. Restore the file if you can, then launch again with the same folder";
  return new CodedError("OUTPUT_WRITE_FAILED", `${what}. ${advice}`);
}

/** Appends the whole text or, if the system allows it, nothing. */
async function appendDurably(file: OpenFile, text: string): Promise<void> {
  const bytes = Buffer.from(file.endsWithLine ? text : `\n${text}`);
  try {
    await file.handle.appendFile(bytes);
    await file.handle.datasync();
  } catch (error) {
    await file.handle.truncate(file.size).catch(() => {});
    throw error;
  }
  file.size += bytes.length;
  file.endsWithLine = true;
}
