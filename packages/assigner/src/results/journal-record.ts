import { type Json, type Message, type SampleIndex, sampleStatuses, type TaskOutput } from "@eval/protocol";
import type { RunError } from "../attempt/run-error.js";
import type { CellRef } from "./cell-folder.js";
import { asciiJson, isObject, parsePythonObject } from "./python-json.js";

/** The end of one attempt, as input of the journal. */
export interface RunRecord extends CellRef {
  index: SampleIndex;
  /** Null: the sample has a result, unless its output's status is `task error`. */
  error: RunError | null;
  /** Description of the failure. */
  info: string | null;
  output: TaskOutput | null;
  /** Additional keys of the line, after v0.2's: attempt, task_version, duration_ms, session_id, ... */
  extra?: { [key: string]: Json };
}

/** The parsed content of a journal line. */
export interface JournalLine {
  index: SampleIndex;
  error: string | null;
  taskVersion: string | null;
  /** Milliseconds since 1970; null if the line has none. */
  timestamp: number | null;
  /** Null if the line has no output, or one that v0.2 would not accept. */
  output: TaskOutput | null;
}

const v02Keys: ReadonlySet<string> = new Set(["index", "error", "info", "output", "time"]);

/** Whether the attempt gave its sample a result. A `task error` is a failure whose output is kept. */
export function isAccepted({ error, output }: Pick<RunRecord, "error" | "output">): boolean {
  return error === null && output !== null && output.status !== "task error";
}

/**
 * Formats the record as one line with a newline, v0.2's keys first and in v0.2's order. v0.2 counts the messages of every
 * result, so every result has a list of messages. `now`: milliseconds since 1970.
 */
export function formatLine(record: RunRecord, now: number): string {
  const accepted = isAccepted(record);
  const failed = record.error === null && !accepted;
  const extra = Object.entries(record.extra ?? {}).filter(([key]) => !v02Keys.has(key));
  const line = {
    index: record.index,
    error: failed ? "TASK_ERROR" : record.error,
    info: record.info,
    output: record.output && {
      index: record.output.index,
      status: record.output.status,
      result: record.output.result,
      history: record.output.history ?? (accepted ? [] : null),
    },
    time: { timestamp: now, str: localTime(new Date(now)) },
    ...(record.epoch === 1 ? {} : { epoch: record.epoch }),
    ...Object.fromEntries(extra),
  };
  return `${asciiJson(line)}\n`;
}

/** `YYYY-MM-DD HH:MM:SS` in local time. */
function localTime(date: Date): string {
  const two = (part: number) => String(part).padStart(2, "0");
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** Parses a line of ours or of v0.2: keys in any order, fields null or missing. Undefined if it is not a record. */
export function parseLine(text: string): JournalLine | undefined {
  const line = parsePythonObject(text);
  if (line === undefined || !isIndex(line.index)) return undefined;
  const output = isObject(line.output) ? readOutput(line.output, line.index) : null;
  const time = isObject(line.time) ? line.time.timestamp : undefined;
  return {
    index: line.index,
    error: typeof line.error === "string" ? line.error : null,
    taskVersion: typeof line.task_version === "string" ? line.task_version : null,
    timestamp: typeof time === "number" ? time : null,
    output,
  };
}

/** Null if v0.2 would drop the line and run its sample again: unknown status or invalid history. */
function readOutput(output: Record<string, unknown>, index: SampleIndex): TaskOutput | null {
  const { status: given = "running", history = null, result = null } = output;
  const status = sampleStatuses.find((known) => known === given);
  if (status === undefined || !isHistory(history)) return null;
  return { index: isIndex(output.index) ? output.index : index, status, result: result as Json, history };
}

function isHistory(value: unknown): value is Message[] | null {
  if (value === null) return true;
  return Array.isArray(value) && value.every((item) => isObject(item) && isRole(item.role) && isText(item.content));
}

const isRole = (value: unknown) => value === "user" || value === "agent";
const isText = (value: unknown) => typeof value === "string";

function isIndex(value: unknown): value is SampleIndex {
  return typeof value === "string" || (typeof value === "number" && Number.isInteger(value));
}
