import { type FileHandle, open } from "node:fs/promises";
import { dirname } from "node:path";
import { type FolderMaker, syncFolder } from "./durable-files.js";

const newline = 0x0a;

/** A file that is open for appending. */
export interface OpenFile {
  handle: FileHandle;
  /** Device and inode: distinguishes this file from another one at the same path. */
  identity: string;
  /** Number of bytes known to be on disk. */
  size: number;
  /** False if the last line lacks its newline: the next line must not be appended to it. */
  endsWithLine: boolean;
}

interface Slot {
  file: Promise<OpenFile>;
  busy: boolean;
}

/** Keeps the most recently used files open, at most `limit` at once. */
export class OpenFiles {
  /** By path, the least recently used first. */
  private readonly slots = new Map<string, Slot>();
  private readonly waiting: (() => void)[] = [];

  constructor(
    private readonly folders: FolderMaker,
    private readonly limit: number,
  ) {}

  /** Opens the file (creating it and its folders if needed) and runs `work`; waits while too many files are in use. */
  async use<Result>(path: string, work: (file: OpenFile) => Promise<Result>): Promise<Result> {
    const slot = await this.claim(path);
    let opened = false;
    try {
      const file = await slot.file;
      opened = true;
      return await work(file);
    } finally {
      this.release(path, slot, opened);
    }
  }
  /** Closes all files. None of them may be in use. */
  /** Closes all files. Nothing may be using them. */
  async close(): Promise<void> {
    const slots = [...this.slots.values()];
    this.slots.clear();
    await Promise.all(slots.map(closeSlot));
  }

  private async claim(path: string): Promise<Slot> {
    for (;;) {
      const known = this.slots.get(path);
      if (known !== undefined && !known.busy) {
        known.busy = true;
        return known;
      }
      if (known === undefined && this.slots.size < this.limit) return this.add(path);
      const idle = known === undefined ? [...this.slots].find(([, slot]) => !slot.busy) : undefined;
      if (idle === undefined) await new Promise<void>((resolve) => this.waiting.push(resolve));
      else {
        this.slots.delete(idle[0]);
        await closeSlot(idle[1]);
      }
    }
  }

  private add(path: string): Slot {
    const slot = { file: openForAppending(path, this.folders), busy: true };
    slot.file.catch(() => {});
    this.slots.set(path, slot);
    return slot;
  }

  /** Forgets a file that could not be opened; marks any other as the most recently used. */
  private release(path: string, slot: Slot, opened: boolean): void {
    slot.busy = false;
    this.slots.delete(path);
    if (opened) this.slots.set(path, slot);
    for (const resume of this.waiting.splice(0)) resume();
  }
}

async function closeSlot(slot: Slot): Promise<void> {
  const file = await slot.file.catch(() => undefined);
  await file?.handle.close();
}

async function openForAppending(path: string, folders: FolderMaker): Promise<OpenFile> {
  await folders.make(dirname(path));
  const handle = await openOrCreate(path);
  try {
    const { dev, ino, size: bytes } = await handle.stat({ bigint: true });
    const size = Number(bytes);
    return {
      handle,
      identity: `${dev} ${ino}`,
      size,
      endsWithLine: size === 0 || (await lastByte(handle, size)) === newline,
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function openOrCreate(path: string): Promise<FileHandle> {
  try {
    const created = await open(path, "ax+");
    await syncFolder(dirname(path));
    return created;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    return open(path, "a+");
  }
}

async function lastByte(handle: FileHandle, size: number): Promise<number | undefined> {
  const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, size - 1);
  return buffer[0];
}
