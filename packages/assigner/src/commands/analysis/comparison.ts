import type { Json } from "@eval/protocol";
import { knownTaskOf } from "../../results/known-tasks.js";
import { mainMetric } from "../../results/main-metric.js";
import { type CsvCell, noNumber } from "./csv.js";
import { validationNames, validationOf } from "./validation.js";

/** The overall of one agent on one task. */
export interface CellOverall {
  agent: string;
  task: string;
  file: string;
  modifiedMs: number;
  overall: Record<string, unknown>;
}

/** The content of the files that v0.2's analysis writes. */
export interface Comparison {
  /** result.json and result.yaml; keys are sorted. */
  result: Record<string, unknown>;
  /** Rows of summary.csv, agent_validation.csv and task_validation.csv; the first row of each is the header. */
  summary: CsvCell[][];
  agentValidation: CsvCell[][];
  taskValidation: CsvCell[][];
  /** Results without a known main metric. */
  withoutMetric: CellOverall[];
}

/**
 * Compares agents across tasks. `agents` and `tasks` give the order; v0.2's tasks come first, in v0.2's order. Agents and
 * tasks without a result are omitted.
 */
export function compare(
  cells: readonly CellOverall[],
  agents: readonly string[],
  tasks: readonly string[],
): Comparison {
  const byName = new Map(cells.map((cell) => [keyOf(cell.agent, cell.task), { ...cell, ...numbersOf(cell) }]));
  const at = (agent: string, task: string) => byName.get(keyOf(agent, task));
  const rows = agents.filter((agent) => cells.some((cell) => cell.agent === agent));
  const columns = tasks
    .filter((task) => cells.some((cell) => cell.task === task))
    .sort((a, b) => placeOf(a) - placeOf(b));
  const agentValidations = rows.map((agent) => [agent, columns.map((task) => at(agent, task)?.validation)] as const);
  const taskValidations = columns.map((task) => [task, rows.map((agent) => at(agent, task)?.validation)] as const);
  const all = [...byName.values()];
  return {
    result: sorted({
      summary: nested(all, ({ metric }) => metric ?? null),
      details: nested(all, detailOf),
    }) as Record<string, unknown>,
    summary: [
      ["Agent\\Task", ...columns],
      ...rows.map((agent) => [agent, ...columns.map((task) => at(agent, task)?.metric ?? "")]),
    ],
    agentValidation: averages("Agent\\Validation", agentValidations),
    taskValidation: averages("Task\\Validation", taskValidations),
    withoutMetric: all.filter(({ metric }) => metric === undefined),
  };
}

type Validation = Record<string, number> | undefined;
type Measured = CellOverall & { metric: number | undefined; validation: Validation };

function numbersOf({ task, overall }: CellOverall): Pick<Measured, "metric" | "validation"> {
  return { metric: mainMetric(task, overall.custom as Json | undefined)?.value, validation: validationOf(overall) };
}

/** The mean of each share, over the cells that have it. */
function averages(corner: string, lines: readonly (readonly [string, readonly Validation[]])[]): CsvCell[][] {
  const isAny = lines.some(([, validations]) => validations.some((validation) => validation !== undefined));
  const names = isAny ? validationNames : [];
  return [[corner, ...names], ...lines.map(([name, of]) => [name, ...names.map((key) => mean(of, key))])];
}

function mean(validations: readonly Validation[], name: string): CsvCell {
  const shares = validations.flatMap((validation) => validation?.[name] ?? []);
  return shares.length === 0 ? noNumber : shares.reduce((sum, share) => sum + share, 0) / shares.length;
}

function detailOf({ file, modifiedMs, overall, validation }: Measured) {
  return { file, time: localTime(new Date(modifiedMs)), overall: validation ? { ...overall, validation } : overall };
}

/** `2024-01-31 23:59:59` in local time. */
function localTime(date: Date): string {
  const two = (part: number) => String(part).padStart(2, "0");
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join("-");
  return `${day} ${[date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(":")}`;
}

/** Nested by agent, then by task. */
function nested(cells: readonly Measured[], value: (cell: Measured) => unknown): Record<string, unknown> {
  const agents = new Map<string, [string, unknown][]>();
  for (const cell of cells) agents.set(cell.agent, [...(agents.get(cell.agent) ?? []), [cell.task, value(cell)]]);
  return Object.fromEntries([...agents].map(([agent, own]) => [agent, Object.fromEntries(own)]));
}

function placeOf(task: string): number {
  return knownTaskOf(task)?.place ?? Number.MAX_SAFE_INTEGER;
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  return Object.fromEntries(entries.map(([key, item]) => [key, sorted(item)]));
}

function keyOf(agent: string, task: string): string {
  return JSON.stringify([agent, task]);
}
