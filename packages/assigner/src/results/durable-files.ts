import { randomBytes } from "node:crypto";
import { mkdir, open, rename, rm } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { CodedError, isCodedError } from "@eval/protocol";

/** Error codes of systems that cannot open or sync a folder, where this is not needed. */
const cannotSync = new Set(["EISDIR", "EPERM", "EACCES", "EINVAL", "ENOTSUP", "EBADF"]);

/** Makes the file names in a folder durable. */
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

  /** Concurrent calls for one folder, or for folders with a common parent, share the work. */
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
 * Replaces a file's content atomically: after a crash, the file has either the old or the new content. Rejects with
 * OUTPUT_WRITE_FAILED.
 *
 * @param mayReplace called right before the file is replaced; its rejection is passed on
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

/** A unique temporary file name next to `path`. */
export function temporaryBeside(path: string): string {
  return `${path}.${process.pid}.${randomBytes(6).toString("hex")}.tmp`;
}
