import { CodedError } from "@eval/protocol";
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

  constructor(
    private readonly path: string,
    private readonly files: OpenFiles,
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

  /** Resolves, never rejects, when no line waits any more. */
  async settled(): Promise<void> {
    await this.writing;
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
      await this.files.use(this.path, (file) => appendDurably(file, text));
      return undefined;
    } catch (error) {
      const message = `No further sample is started: make room, and launch again. ${this.path} cannot be written`;
      return new CodedError("OUTPUT_WRITE_FAILED", message, { cause: error });
    }
  }

  private fail(failure: CodedError): void {
    this.failure = failure;
    for (const { reject } of this.waiting.splice(0)) reject(failure);
  }
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
