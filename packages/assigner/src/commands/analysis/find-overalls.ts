import { readdir, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { CodedError, messageOf } from "@eval/protocol";
import { fileNames, safeSegment } from "../../results/cell-folder.js";

/** An overall.json of a configured agent and task. */
export interface FoundOverall {
  agent: string;
  task: string;
  /** Absolute. */
  file: string;
  modifiedMs: number;
}

export interface OverallSearch {
  /** Absolute. */
  folder: string;
  agents: readonly string[];
  tasks: readonly string[];
  /** Files modified before this time are ignored. */
  sinceMs: number;
}

export interface OverallSearchResult {
  /** Newest first; for equal times, in descending order of paths. */
  found: FoundOverall[];
  /** Folder names in the position of an agent or a task that the configuration does not define. */
  unknownAgents: string[];
  unknownTasks: string[];
  /** The number of files that are too old. */
  older: number;
  /** Paths that could not be read, each with the reason. */
  unreadable: string[];
}

/**
 * Finds every `.../{agent}/{task}/overall.json` at any depth under a folder. Links to folders are not followed. Throws
 * OUTPUT_INVALID if the folder itself cannot be read.
 */
export async function findOveralls(search: OverallSearch): Promise<OverallSearchResult> {
  const result: OverallSearchResult = { found: [], unknownAgents: [], unknownTasks: [], older: 0, unreadable: [] };
  const agents = namesBySegment(search.agents);
  const tasks = namesBySegment(search.tasks);
  for (const file of await overallFiles(search.folder, result.unreadable)) {
    const { agentSegment, taskSegment, isRepetition } = placeOf(dirname(file), agents);
    const [agent, task] = [agents.get(agentSegment), tasks.get(taskSegment)];
    if (agent !== undefined && task !== undefined) {
      if (!isRepetition) await note(result, search.sinceMs, { agent, task, file });
    } else if (agent === undefined) result.unknownAgents.push(agentSegment);
    else result.unknownTasks.push(taskSegment);
  }
  result.found.sort((one, other) => other.modifiedMs - one.modifiedMs || (one.file < other.file ? 1 : -1));
  return result;
}

/** Folders of epochs are inside their task's folder, and belong to it; but a task may have the name of such a folder. */
function placeOf(folder: string, agents: ReadonlyMap<string, string>) {
  const isRepetition = /^epoch-\d+$/.test(basename(folder)) && !agents.has(basename(dirname(folder)));
  const cell = isRepetition ? dirname(folder) : folder;
  return { agentSegment: basename(dirname(cell)), taskSegment: basename(cell), isRepetition };
}

async function note(result: OverallSearchResult, sinceMs: number, cell: Omit<FoundOverall, "modifiedMs">) {
  try {
    const { mtimeMs } = await stat(cell.file);
    if (mtimeMs < sinceMs) result.older += 1;
    else result.found.push({ ...cell, modifiedMs: mtimeMs });
  } catch (error) {
    result.unreadable.push(`${cell.file}: ${messageOf(error)}`);
  }
}

/** v0.2 uses the name itself as the folder name; we do this only if it is safe. */
function namesBySegment(names: readonly string[]): Map<string, string> {
  return new Map([
    ...names.map((name) => [name, name] as const),
    ...names.map((name) => [safeSegment(name), name] as const),
  ]);
}

async function overallFiles(root: string, unreadable: string[]): Promise<string[]> {
  const files: string[] = [];
  const folders = [root];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    for (const entry of await entriesOf(folder, root, unreadable)) {
      if (entry.isDirectory()) folders.push(join(folder, entry.name));
      else if (entry.name === fileNames.overall) files.push(join(folder, entry.name));
    }
  }
  return files;
}

async function entriesOf(folder: string, root: string, unreadable: string[]) {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (cause) {
    if (folder === root) {
      throw new CodedError(
        "OUTPUT_INVALID",
        `cannot read the folder ${root} (set the folder with the results with -o)`,
        {
          cause,
        },
      );
    }
    unreadable.push(`${folder}: ${messageOf(cause)}`);
    return [];
  }
}
