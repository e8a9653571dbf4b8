import { readdirSync, readFileSync } from "node:fs";

/** A variable that every process of a test inherits, however far down. */
export const markName = "EVAL_TEST_MARK";

export interface MarkedProcess {
  pid: number;
  /** Its command line. */
  command: string;
}

/** The living processes with this mark in their environment. Only Linux can tell; elsewhere there seem to be none. */
export function markedProcesses(mark: string): MarkedProcess[] {
  if (process.platform !== "linux") return [];
  const ids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return ids.flatMap((id) => describe(id, mark) ?? []);
}

function describe(id: string, mark: string): MarkedProcess | undefined {
  try {
    if (!readFileSync(`/proc/${id}/environ`, "utf8").includes(`${markName}=${mark}\0`)) return undefined;
    if (/^State:\s*Z/m.test(readFileSync(`/proc/${id}/status`, "utf8"))) return undefined;
    return { pid: Number(id), command: readFileSync(`/proc/${id}/cmdline`, "utf8").replaceAll("\0", " ").trim() };
  } catch {
    // It ended meanwhile, or belongs to somebody else.
    return undefined;
  }
}
