import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { syncFolder, temporaryBeside } from "./durable-files.js";
import type { JournalDamage, Span } from "./read-journal.js";

const bufferBytes = 1 << 18;

/**
 * Repairs a journal: moves a torn last line to `<file>.torn` and corrupt lines to `<file>.corrupt` (appending to these
 * files before anything is removed), and adds a missing last newline. Returns descriptions of the repairs; an empty list
 * if there was no damage. The caller holds the folder's lock.
 */
export async function repairJournal(path: string, { torn, corrupt, unended }: JournalDamage): Promise<string[]> {
  const done: string[] = [];
  if (torn !== undefined) {
    await keepAside(path, `${path}.torn`, [torn]);
    await cut(path, torn.start);
    done.push(`${path}: the last line is torn (${torn.end - torn.start} bytes); moved to ${path}.torn`);
  }
  if (unended) await appendNewline(path);
  if (corrupt.length > 0) {
    await keepAside(path, `${path}.corrupt`, corrupt);
    await dropSpans(path, corrupt);
    done.push(`${path}: lines that are not records: ${corrupt.length}; moved to ${path}.corrupt`);
  }
  return done;
}

async function keepAside(path: string, aside: string, spans: readonly Span[]): Promise<void> {
  await withFile(path, "r", (from) =>
    withFile(aside, "a", async (to) => {
      for (const span of spans) {
        await copy(from, to, span);
        await to.appendFile("\n");
      }
      await to.sync();
    }),
  );
  await syncFolder(dirname(aside));
}

async function cut(path: string, length: number): Promise<void> {
  await withFile(path, "r+", async (file) => {
    await file.truncate(length);
    await file.sync();
  });
}

async function appendNewline(path: string): Promise<void> {
  await withFile(path, "a", async (file) => {
    await file.appendFile("\n");
    await file.sync();
  });
}

/** Rewrites the file without the spans (and their newlines), and replaces it atomically. */
async function dropSpans(path: string, spans: readonly Span[]): Promise<void> {
  const temporary = temporaryBeside(path);
  try {
    await withFile(path, "r", (from) =>
      withFile(temporary, "ax", async (to) => {
        let start = 0;
        for (const span of spans) {
          await copy(from, to, { start, end: span.start });
          start = span.end + 1;
        }
        await copy(from, to, { start, end: (await from.stat()).size });
        await to.sync();
      }),
    );
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(dirname(path));
}

async function copy(from: FileHandle, to: FileHandle, { start, end }: Span): Promise<void> {
  const buffer = Buffer.alloc(Math.max(0, Math.min(bufferBytes, end - start)));
  for (let at = start; at < end; ) {
    const { bytesRead } = await from.read(buffer, 0, Math.min(buffer.length, end - at), at);
    if (bytesRead === 0) return;
    await to.appendFile(buffer.subarray(0, bytesRead));
    at += bytesRead;
  }
}

async function withFile<Result>(
  path: string,
  flags: string,
  work: (file: FileHandle) => Promise<Result>,
): Promise<Result> {
  const file = await open(path, flags);
  try {
    return await work(file);
  } finally {
    await file.close();
  }
}
