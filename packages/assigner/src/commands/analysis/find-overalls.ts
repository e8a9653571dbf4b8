import { readdir, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { CodedError, messageOf } from "@eval/protocol";
import { fileNames, safeSegment } from "../../results/cell-folder.js";

/** An overall.json of an agent and a task that the configuration knows. */
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
  /** Files modified before are left out. */
  sinceMs: number;
}

export interface OverallSearchResult {
  /** The newest first; of the same time, the one whose path sorts last. */
  found: FoundOverall[];
  /** Names of folders where an agent's or a task's would stand, that the configuration does not know. */
  unknownAgents: string[];
  unknownTasks: string[];
  /** Files that are too old. */
  older: number;
  /** What could not be looked into, and why. */
  unreadable: string[];
}

/**
 * Every `.../{agent}/{task}/overall.json` at any depth under a folder. Links to folders are not followed. Throws
 * OUTPUT_INVALID where the folder itself cannot be read.
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

/** Repetitions lie below their task, and are part of it; but a task may be called as one of their folders. */
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

/** v0.2 names a folder by the name as it is; we do where that is safe. */
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
      throw new CodedError("OUTPUT_INVALID", `cannot read the folder ${root}; -o names the one with the results`, {
        cause,
      });
    }
    unreadable.push(`${folder}: ${messageOf(cause)}`);
    return [];
  }
}
