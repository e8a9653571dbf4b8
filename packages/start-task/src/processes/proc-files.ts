import { readdirSync, readFileSync } from "node:fs";

/** Distinguishes a process from a later one with the same id. */
export interface ProcessStat {
  parent: number;
  /** Clock ticks from the system's start to the process's. */
  started: string;
}

/** Only Linux has /proc as it is read here. */
const isThere = process.platform === "linux";

/** Ids of all processes; empty on systems without /proc. */
export function processIds(): number[] {
  if (!isThere) return [];
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

/** Undefined if the process has ended, even if its exit code has not been collected yet. */
export function readStat(pid: number): ProcessStat | undefined {
  const stat = read(pid, "stat");
  // The second field, in brackets, may hold spaces and brackets itself: proc(5).
  const [state, parent, ...rest] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const started = rest[17];
  if (started === undefined || state === "Z" || state === "X") return undefined;
  return { parent: Number(parent), started };
}

/** As it was at the start of the process; "" if it cannot be read. */
export function readEnviron(pid: number): string {
  return read(pid, "environ");
}

function read(pid: number, file: string): string {
  if (!isThere) return "";
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    // It has ended, or belongs to somebody else.
    return "";
  }
}
