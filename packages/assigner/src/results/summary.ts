import Table from "cli-table3";
import type { RunError } from "../attempt/run-error.js";
import type { MainMetric } from "./main-metric.js";

/** Number of failed samples by error; errors that did not occur have no key. */
export type FailureCounts = Partial<Record<RunError, number>>;

/** Failures by a user's own limits: shown separately if there are any. */
export const limitTitles = { SAMPLE_TIMEOUT: "timed out", TURN_LIMIT: "turn limit" } as const;

const limits = Object.keys(limitTitles) as (keyof typeof limitTitles)[];

/** `value`: the mean if there are several epochs. */
export interface SummaryMetric extends MainMetric {
  /** Standard error of the mean of several epochs. */
  standardError?: number | undefined;
  /** Number of complete epochs in the mean; undefined for a single epoch. */
  epochs?: number | undefined;
}

/** One row of the final table: an agent with a task, all epochs together. */
export interface SummaryRow {
  agent: string;
  task: string;
  /** Samples with a result. */
  done: number;
  /** Samples that failed for good. */
  failed: number;
  /** The failed samples of this launch, by the error of their last attempt. */
  failures: FailureCounts;
  /** Samples that have not been run. */
  remaining: number;
  /** The results in `done` with the status `task error`, which v0.2 counts as done. */
  taskErrors: number;
  metric: SummaryMetric | undefined;
  /** From the first start to the last end; undefined if nothing ran. */
  seconds: number | undefined;
}

/** The final table as text, without colors and without a trailing newline. */
export function renderSummary(rows: readonly SummaryRow[]): string {
  const shown: ShownColumns = {
    limits: limits.filter((limit) => rows.some(({ failures }) => (failures[limit] ?? 0) > 0)),
    taskErrors: rows.some((row) => row.taskErrors > 0),
  };
  const head = [
    "agent",
    "task",
    "done",
    "failed",
    ...shown.limits.map((limit) => limitTitles[limit]),
    "remaining",
    ...(shown.taskErrors ? ["task errors"] : []),
    "metric",
    "time",
  ];
  const right = head.map((title, at) => (at < 2 || title === "metric" ? "left" : "right") as "left" | "right");
  const table = new Table({ head, colAligns: right, style: { head: [], border: [] } });
  for (const row of rows) table.push(cellsOf(row, shown));
  return table.toString();
}

/** Optional columns: shown only if they have content. */
interface ShownColumns {
  limits: readonly (keyof typeof limitTitles)[];
  taskErrors: boolean;
}

function cellsOf(row: SummaryRow, shown: ShownColumns): string[] {
  const { metric, seconds } = row;
  return [
    row.agent,
    row.task,
    String(row.done),
    String(row.failed),
    ...shown.limits.map((limit) => String(row.failures[limit] ?? 0)),
    String(row.remaining),
    ...(shown.taskErrors ? [String(row.taskErrors)] : []),
    metric === undefined ? "" : formatMetric(metric),
    seconds === undefined ? "" : formatSeconds(seconds),
  ];
}

/** `accuracy 0.5`, or `accuracy 0.5 ± 0.02 (3 epochs)` for a mean and its standard error. */
function formatMetric({ name, value, standardError, epochs }: SummaryMetric): string {
  const error = standardError === undefined ? "" : ` ± ${formatNumber(standardError)}`;
  return `${name} ${formatNumber(value)}${error}${epochs === undefined ? "" : ` (${epochs} epochs)`}`;
}

/** At most four decimal places, without trailing zeros. */
export function formatNumber(value: number): string {
  return String(Number(value.toFixed(4)));
}

/** `4.2 s`, `3 m 05 s`, `2 h 07 m`. */
export function formatSeconds(seconds: number): string {
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  const two = (part: number) => String(part).padStart(2, "0");
  if (whole < 3_600) return `${Math.floor(whole / 60)} m ${two(whole % 60)} s`;
  return `${Math.floor(whole / 3_600)} h ${two(Math.floor((whole % 3_600) / 60))} m`;
}
