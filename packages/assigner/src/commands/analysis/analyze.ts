import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { CodedError, messageOf } from "@eval/protocol";
import { ConfigProblems, loadConfig, stringifyConfig } from "@eval/protocol/config";
import type { Logger } from "@eval/protocol/logger";
import { keysOf, valueAt } from "../../config/config-reader.js";
import { FolderMaker, writeFileDurably } from "../../results/durable-files.js";
import { parsePythonObject } from "../../results/python-json.js";
import { type CellOverall, type Comparison, compare } from "./comparison.js";
import { csvText } from "./csv.js";
import { type FoundOverall, findOveralls, type OverallSearchResult } from "./find-overalls.js";

export interface AnalyzeOptions {
  /** The file whose `definition` names the agents and tasks. */
  config: string;
  /** The folder to search, at any depth. */
  output: string;
  /** The folder to write files to. */
  save: string;
  /** Milliseconds since 1970: earlier results are ignored. */
  sinceMs: number;
  /** The base of relative paths. */
  cwd: string;
  logger: Logger;
}

export interface Analysis {
  comparison: Comparison;
  /** Absolute paths of the written files. */
  files: string[];
}

/**
 * Compares the newest results of each agent on each task, and writes the same files as v0.2's analysis. Rejects with
 * CONFIG_NOT_FOUND, CONFIG_INVALID, OUTPUT_INVALID (no result found), OUTPUT_WRITE_FAILED.
 */
export async function analyze(options: AnalyzeOptions): Promise<Analysis> {
  const { cwd, logger } = options;
  const names = await readNames(options.config, cwd);
  const folder = resolve(cwd, options.output);
  const search = await findOveralls({ folder, ...names, sinceMs: options.sinceMs });
  reportIgnored(search, options.config, logger);
  const cells = await readNewest(search.found, logger);
  if (cells.length === 0) throw nothingFound(folder, search, options.config);
  const comparison = compare(cells, names.agents, names.tasks);
  for (const { file } of comparison.withoutMetric) logger.warn(`${file}: 'custom' contains no known main metric`);
  return { comparison, files: await write(resolve(cwd, options.save), comparison) };
}

async function readNames(config: string, cwd: string): Promise<{ agents: string[]; tasks: string[] }> {
  const { value, source } = await loadConfig(config, { cwd });
  const problems = new ConfigProblems(source);
  const read = (side: "agent" | "task") => {
    const names = keysOf(valueAt(value, ["definition", side]));
    if (names.length === 0) problems.add(["definition", side], `is missing: the names of the ${side}s to compare`);
    return names;
  };
  const names = { agents: read("agent"), tasks: read("task") };
  problems.throwIfAny();
  return names;
}

/** The newest readable overall of each agent and task. */
async function readNewest(found: readonly FoundOverall[], logger: Logger): Promise<CellOverall[]> {
  const cells = new Map<string, CellOverall>();
  for (const one of found) {
    const key = JSON.stringify([one.agent, one.task]);
    if (cells.has(key)) continue;
    const overall = await readOverall(one.file, logger);
    if (overall !== undefined) cells.set(key, { ...one, overall });
  }
  return [...cells.values()];
}

async function readOverall(file: string, logger: Logger): Promise<Record<string, unknown> | undefined> {
  try {
    const overall = parsePythonObject(await readFile(file, "utf8"));
    if (overall === undefined) logger.warn(`${file} is ignored: it is incomplete, or not a JSON object`);
    return overall;
  } catch (error) {
    logger.warn(`${file} is ignored: it cannot be read: ${messageOf(error)}`);
    return undefined;
  }
}

function reportIgnored(search: OverallSearchResult, config: string, logger: Logger): void {
  for (const problem of search.unreadable) logger.warn(`Ignored: ${problem}`);
  for (const [side, names] of [["agent", search.unknownAgents] as const, ["task", search.unknownTasks] as const]) {
    if (names.length === 0) continue;
    const known = `${[...new Set(names)].sort().slice(0, 10).join(", ")}${new Set(names).size > 10 ? ", ..." : ""}`;
    logger.info(`Ignored ${names.length} results: ${config} has no ${side} ${known}`);
  }
}

function nothingFound(folder: string, search: OverallSearchResult, config: string): CodedError {
  const reasons = [
    [search.older, "older than --time"],
    [search.unknownAgents.length + search.unknownTasks.length, `of agents or tasks that ${config} does not define`],
    [search.found.length, "not readable"],
  ] as const;
  const why = reasons.flatMap(([count, reason]) => (count === 0 ? [] : `${count} ${reason}`)).join(", ");
  const text = `no result to analyze: no usable AGENT/TASK/overall.json in ${folder}${why && ` (ignored: ${why})`}`;
  return new CodedError("OUTPUT_INVALID", text);
}

/** Existing files of these names are replaced, as in v0.2. */
async function write(folder: string, comparison: Comparison): Promise<string[]> {
  const { result, summary, agentValidation, taskValidation } = comparison;
  const contents = {
    "result.json": `${JSON.stringify(result, undefined, 4)}\n`,
    "result.yaml": stringifyConfig(result, "yaml"),
    "summary.csv": csvText(summary),
    "agent_validation.csv": csvText(agentValidation),
    "task_validation.csv": csvText(taskValidation),
  };
  await new FolderMaker().make(folder).catch((cause: unknown) => {
    throw new CodedError("OUTPUT_WRITE_FAILED", `cannot create the folder ${folder}`, { cause });
  });
  const files: string[] = [];
  for (const [name, content] of Object.entries(contents)) {
    files.push(join(folder, name));
    await writeFileDurably(join(folder, name), content);
  }
  return files;
}
