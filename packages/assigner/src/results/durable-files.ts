import { randomBytes } from "node:crypto";
import { mkdir, open, rename, rm } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { CodedError, isCodedError } from "@eval/protocol";

/** What systems answer that cannot open or sync a folder: there it is neither possible nor needed. */
const cannotSync = new Set(["EISDIR", "EPERM", "EACCES", "EINVAL", "ENOTSUP", "EBADF"]);

/** Makes the names in a folder durable. */
export async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, "r");
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (!cannotSync.has((error as NodeJS.ErrnoException).code ?? "")) throw error;
  }
}

/** Creates folders with their parents, durably, each at most once. */
export class FolderMaker {
  private readonly made = new Map<string, Promise<void>>();

  /** Two callers of one folder, or of folders with a common parent, wait for the same work. */
  make(folder: string): Promise<void> {
    const path = resolve(folder);
    const known = this.made.get(path);
    if (known !== undefined) return known;
    const making = this.create(path);
    this.made.set(path, making);
    making.catch(() => this.made.delete(path));
    return making;
  }

  private async create(path: string): Promise<void> {
    try {
      await mkdir(path);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code === "EEXIST") return;
      if (code !== "ENOENT" || dirname(path) === path) throw error;
      await this.make(dirname(path));
      await mkdir(path).catch((again: NodeJS.ErrnoException) => {
        if (again.code !== "EEXIST") throw again;
      });
    }
    await syncFolder(dirname(path));
  }
}

/**
 * Replaces a file by `content`: after a crash there is the old file or the new one, never a part. Rejects with
 * OUTPUT_WRITE_FAILED.
 *
 * @param mayReplace called right before the file is replaced; what it rejects with, this rejects with
 */
export async function writeFileDurably(
  path: string,
  content: string,
  mayReplace: () => Promise<void> = async () => {},
): Promise<void> {
  const temporary = temporaryBeside(path);
  try {
    const handle = await open(temporary, "wx");
    try {
      await handle.writeFile(content);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await mayReplace();
    await rename(temporary, path);
  } catch (cause) {
    await rm(temporary, { force: true }).catch(() => {});
    if (isCodedError(cause)) throw cause;
    throw new CodedError("OUTPUT_WRITE_FAILED", `cannot write ${path}`, { cause });
  }
  await syncFolder(dirname(path));
}

/** A name beside `path` that nobody else uses. */
export function temporaryBeside(path: string): string {
  return `${path}.${process.pid}.${randomBytes(6).toString("hex")}.tmp`;
}
