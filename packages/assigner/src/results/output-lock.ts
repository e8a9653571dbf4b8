import { randomBytes } from "node:crypto";
import { link, open, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { CodedError, isCodedError } from "@eval/protocol";
import { fileNames } from "./cell-folder.js";
import { FolderMaker, temporaryBeside } from "./durable-files.js";
import { isProvablyDead, ownIdentity, type ProcessIdentity } from "./process-identity.js";

export interface OutputLock {
  /**
   * Rejects with OUTPUT_LOCKED once another process has taken the folder over by force, or has removed the lock: from then
   * on, nothing may be written.
   */
  assertHeld(): Promise<void>;
  /** Releases the folder if this process still holds it. May be called again. */
  release(): Promise<void>;
}

export interface OutputLockOptions {
  /** Takes over the folder even if another process holds its lock: `--force-unlock`. Default false. */
  force?: boolean;
  /** Milliseconds since 1970; written to the lock for people to read. */
  now: () => number;
}

/** The content of the lock file. `token` identifies this acquisition of the lock. */
interface Holder extends ProcessIdentity {
  token: string;
  since: string;
}

/**
 * Makes this process the only writer of an output folder, which is created if needed. A lock whose holder is provably
 * dead on this host is taken over; any other lock rejects with OUTPUT_LOCKED. Rejects with OUTPUT_INVALID if the folder
 * cannot be created or written to.
 */
export async function lockOutput(output: string, options: OutputLockOptions): Promise<OutputLock> {
  try {
    return await lockFolder(output, options);
  } catch (cause) {
    if (isCodedError(cause)) throw cause;
    throw new CodedError("OUTPUT_INVALID", `cannot use ${output} as the output folder`, { cause });
  }
}

async function lockFolder(output: string, { force = false, now }: OutputLockOptions): Promise<OutputLock> {
  await new FolderMaker().make(output);
  const token = randomBytes(16).toString("hex");
  const own: Holder = { ...(await ownIdentity()), token, since: new Date(now()).toISOString() };
  const path = join(output, fileNames.lock);
  if (force) await replace(path, own);
  else await take(path, own, output);
  const watch = new LockWatch(path, own, output);
  return { assertHeld: () => watch.assertHeld(), release: () => releaseLock(path, own) };
}

/** Checks that the lock file still names its holder. It is only read again if the file is a different one. */
class LockWatch {
  #seen: string | undefined;

  constructor(
    private readonly path: string,
    private readonly own: Holder,
    private readonly output: string,
  ) {}

  async assertHeld(): Promise<void> {
    const file = await identityOf(this.path);
    if (file !== undefined && file === this.#seen) return;
    const holder = await readHolder(this.path);
    if (typeof holder !== "object" || holder.token !== this.own.token) throw lostError(this.output, this.path, holder);
    this.#seen = file;
  }
}

/** Distinguishes one file at a path from another; undefined if there is none. */
async function identityOf(path: string): Promise<string | undefined> {
  try {
    const { dev, ino, mtimeNs, size } = await stat(path, { bigint: true });
    return [dev, ino, mtimeNs, size].join(" ");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/**
 * Takes the lock file at `path`. To replace a dead holder's lock, a process must hold the lock `path.<its token>`: so only
 * one of several waiting processes replaces it, and none can remove the lock of a living successor. That second lock is
 * taken in the same way, so that a process that dies in between does not block others.
 */
async function take(path: string, own: Holder, output: string): Promise<void> {
  while (!(await create(path, own))) {
    const holder = await readHolder(path);
    if (holder === undefined) continue;
    if (holder === "unreadable" || !(await isProvablyDead(holder, own))) throw lockedError(output, path, holder);
    const claim = `${path}.${holder.token}`;
    await take(claim, own, output);
    try {
      const again = await readHolder(path);
      if (typeof again === "object" && again.token === holder.token) return await replace(path, own);
    } finally {
      await releaseLock(claim, own);
    }
  }
}

/** Returns false if there is already a lock file. The file appears with its full content, or not at all. */
async function create(path: string, own: Holder): Promise<boolean> {
  const temporary = temporaryBeside(path);
  await writeFile(temporary, JSON.stringify(own), { flag: "wx" });
  try {
    await link(temporary, path);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST") return false;
    if (code === "EPERM" || code === "ENOTSUP" || code === "ENOSYS") return await createWithoutLink(path, own);
    throw error;
  } finally {
    await rm(temporary, { force: true });
  }
}

/** For file systems without links. A reader may find the file empty for a moment, and then treats it as held. */
async function createWithoutLink(path: string, own: Holder): Promise<boolean> {
  try {
    const file = await open(path, "wx");
    await file.writeFile(JSON.stringify(own)).finally(() => file.close());
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

async function replace(path: string, own: Holder): Promise<void> {
  const temporary = temporaryBeside(path);
  await writeFile(temporary, JSON.stringify(own), { flag: "wx" });
  await rename(temporary, path);
}

async function releaseLock(path: string, own: Holder): Promise<void> {
  const holder = await readHolder(path);
  if (typeof holder === "object" && holder.token === own.token) await rm(path, { force: true });
}

/** Undefined if there is no lock (any more). */
async function readHolder(path: string): Promise<Holder | "unreadable" | undefined> {
  try {
    const holder = JSON.parse(await readFile(path, "utf8")) as Holder | null;
    const known = typeof holder?.token === "string" && typeof holder.host === "string" && Number.isInteger(holder.pid);
    return known && /^[0-9a-f]+$/.test(holder.token) ? holder : "unreadable";
  } catch (error) {
    if (error instanceof SyntaxError) return "unreadable";
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

function lostError(output: string, path: string, holder: Holder | "unreadable" | undefined): CodedError {
  const what =
    typeof holder === "object"
      ? `process ${holder.pid} on host ${holder.host} took ${output} over (--force-unlock)`
      : `the lock file ${path} was ${holder === undefined ? "removed" : "overwritten"}: another process took ${output} over (--force-unlock), or a program removed the lock`;
  const text = `${what}; this process stops and writes nothing more. Launch again with the same folder to continue the run`;
  return new CodedError("OUTPUT_LOCKED", text);
}

function lockedError(output: string, path: string, holder: Holder | "unreadable"): CodedError {
  const who =
    holder === "unreadable"
      ? `the lock ${path} cannot be read`
      : `process ${holder.pid} on host ${holder.host} has been writing there since ${holder.since}`;
  const advice =
    "Wait for it or choose another output; if you are sure that it is no longer running, use --force-unlock";
  return new CodedError("OUTPUT_LOCKED", `${output} is locked: ${who}. ${advice}`);
}
