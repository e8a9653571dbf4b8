import { existsSync, readdirSync, readFileSync } from "node:fs";

/** A variable that every process started from one folder inherits, however far down. */
export const markName = "EVAL_PUBLISH_TEST_MARK";

/** Command lines, by id, of the living processes with this mark. Only Linux can tell: elsewhere there are none. */
export function markedProcesses(mark: string): Map<number, string> {
  const ids = existsSync("/proc/self/environ") ? readdirSync("/proc").filter((name) => /^\d+$/.test(name)) : [];
  const found = new Map<number, string>();
  for (const id of ids) {
    const commandLine = commandLineOf(id, `${markName}=${mark}\0`);
    if (commandLine !== undefined) found.set(Number(id), commandLine);
  }
  return found;
}

function commandLineOf(id: string, variable: string): string | undefined {
  try {
    if (!readFileSync(`/proc/${id}/environ`, "utf8").includes(variable)) return undefined;
    // A zombie's is empty.
    return readFileSync(`/proc/${id}/cmdline`, "utf8").replaceAll("\0", " ").trim() || undefined;
  } catch {
    // It ended meanwhile, or is not ours.
    return undefined;
  }
}
