import { readFile, readlink } from "node:fs/promises";
import { hostname } from "node:os";

/** Identity of a lock's holder, as far as the system provides it; null where it does not. */
export interface ProcessIdentity {
  host: string;
  pid: number;
  /** Linux: clock ticks from the start of the system to the start of the process. */
  started: string | null;
  /** Linux: a different value after each start of the system. */
  boot: string | null;
  /** Linux: the installation's id, which clones and containers may share. */
  machine: string | null;
  /** Linux: the namespace of `pid`; containers have their own. */
  namespace: string | null;
}

export async function ownIdentity(): Promise<ProcessIdentity> {
  const [started, boot, machine, namespace] = await Promise.all([
    startOf(process.pid),
    firstLine("/proc/sys/kernel/random/boot_id"),
    firstLine("/etc/machine-id"),
    readlink("/proc/self/ns/pid").catch(() => null),
  ]);
  return { host: hostname(), pid: process.pid, started, boot, machine, namespace };
}

/**
 * Whether the holder is provably not running any more; false in case of doubt: another host, another container, or an
 * incomplete identity.
 */
export async function isProvablyDead(holder: ProcessIdentity, own: ProcessIdentity): Promise<boolean> {
  if (holder.host !== own.host || holder.machine !== own.machine) return false;
  if (holder.boot !== own.boot) return holder.machine !== null && holder.boot !== null && own.boot !== null;
  if (holder.namespace !== own.namespace) return false;
  if (!isAlive(holder.pid)) return true;
  const started = await startOf(holder.pid);
  return started !== null && holder.started !== null && started !== holder.started;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}

/** Field 22 of /proc/<pid>/stat (proc(5)); the second field, in brackets, may contain spaces and brackets itself. */
async function startOf(pid: number): Promise<string | null> {
  const stat = await firstLine(`/proc/${pid}/stat`);
  const fields = stat?.slice(stat.lastIndexOf(")") + 2).split(" ");
  return fields?.[19] ?? null;
}

async function firstLine(path: string): Promise<string | null> {
  const text = await readFile(path, "utf8").catch(() => "");
  return text.split("\n")[0]?.trim() || null;
}
