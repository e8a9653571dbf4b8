import { stat } from "node:fs/promises";
import { CodedError, isCodedError } from "@eval/protocol";
import type { OpenFile, OpenFiles } from "./open-files.js";

interface WaitingLine {
  line: string;
  resolve: () => void;
  reject: (error: CodedError) => void;
}

/** Characters of the lines that go into one write (at least one line does): bounds what is copied at once. */
const maxBatch = 1 << 22;

/**
 * One file of the journal. Group commit: all lines that wait while a write is under way go to disk together, with one
 * write and one fdatasync.
 */
export class JournalFile {
  private waiting: WaitingLine[] = [];
  private writing: Promise<void> | undefined;
  private failure: CodedError | undefined;
  /** The file as the last write has left it; undefined before the first one. */
  private written: Place | undefined;

  /** @param mayWrite called before each write; what it rejects with, the write fails with */
  constructor(
    private readonly path: string,
    private readonly files: OpenFiles,
    private readonly mayWrite: () => Promise<void>,
  ) {}

  /**
   * Resolves when the line, which ends with a newline, is on disk; lines get there in the order of the calls.
   * Rejects with OUTPUT_WRITE_FAILED, then and ever after, once a write has failed.
   */
  append(line: string): Promise<void> {
    if (this.failure !== undefined) return Promise.reject(this.failure);
    return new Promise((resolve, reject) => {
      this.waiting.push({ line, resolve, reject });
      this.writing ??= this.writeAll();
    });
  }

  /**
   * Rejects with OUTPUT_WRITE_FAILED where another program has deleted, replaced or changed the file since the last
   * write, or with what `mayWrite` rejects with. No write may be under way.
   */
  async assertInPlace(): Promise<void> {
    await this.mayWrite();
    if (this.written !== undefined) await this.assertSame(this.written);
  }

  /** Resolves, never rejects, when no line waits any more. */
  async settled(): Promise<void> {
    await this.writing;
  }

  /** A deleted file goes on taking lines from whoever has it open: only its path tells. */
  private async assertSame(expected: Place): Promise<void> {
    const found = await placeOf(this.path);
    if (found !== undefined && isSame(found, expected)) return;
    // Whoever takes the folder over replaces the journals: then this is what has to be told.
    await this.mayWrite();
    throw changedError(this.path, found === undefined ? "deleted" : "replaced or changed");
  }

  private async writeAll(): Promise<void> {
    // The lines that are appended in the same turn of the loop belong to the first batch already.
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
      // The file may have been closed meanwhile: another one could be opened, or created, at its path.
      await this.assertInPlace();
      await this.files.use(this.path, async (file) => {
        // Once it is open: whoever takes the folder over replaces what was open before that.
        await this.mayWrite();
        await appendDurably(file, text);
        await this.assertSame(file);
        this.written = { identity: file.identity, size: file.size };
      });
      return undefined;
    } catch (error) {
      if (isCodedError(error)) return error;
      const message = `No further sample is started: make room, and launch again. ${this.path} cannot be written`;
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

/** Undefined: there is no such file. */
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
  const what = `${path} was ${how} by another program while the run was going on: results that were in it may be lost`;
  const advice = "No further sample is started. Restore the file if you can, then launch again with the same folder";
  return new CodedError("OUTPUT_WRITE_FAILED", `${what}. ${advice}`);
}

/** All of the text, or, as far as the system lets us, none of it. */
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
