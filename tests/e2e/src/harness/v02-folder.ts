import { readFileSync } from "node:fs";

/** A number that Python's json module writes and JSON does not have, or a float that JavaScript cannot tell apart. */
export class PythonNumber {
  constructor(readonly text: "NaN" | "Infinity" | "-Infinity" | `${number}`) {}
}

/** A value as Python's json.dumps has it by default: `, ` and `: ` between, and nothing but ASCII. */
export function pythonJson(value: unknown): string {
  if (value instanceof PythonNumber) return value.text;
  if (Array.isArray(value)) return `[${value.map(pythonJson).join(", ")}]`;
  if (typeof value === "object" && value !== null) {
    return `{${Object.entries(value)
      .map(([key, item]) => `${pythonJson(key)}: ${pythonJson(item)}`)
      .join(", ")}}`;
  }
  return JSON.stringify(value).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

const time = { timestamp: 1_700_000_000_123, str: "2023-11-14 22:13:20" };

/** A line of runs.jsonl as v0.2 writes it. */
export function resultLine(index: unknown, changes: { status?: string; result?: unknown; messages?: number } = {}) {
  const { status = "completed", result = { answer: "niño 中" }, messages = 2 } = changes;
  const roles = ["user", "agent"];
  const history = Array.from({ length: messages }, (_, at) => ({ role: roles[at % 2], content: `«${at}»` }));
  return pythonJson({ index, error: null, info: null, output: { index, status, result, history }, time });
}

/** A line of error.jsonl as v0.2 writes it: what it keeps of the output is always this. */
export function errorLine(index: unknown, error: string) {
  const output = { index: null, status: "running", result: null, history: null };
  return pythonJson({ index, error, info: "('Connection aborted.',)", output, time });
}

const statuses = [
  "running",
  "completed",
  "agent context limit",
  "agent validation failed",
  "agent invalid action",
  "task limit reached",
  "unknown",
  "task error",
];

interface V02Output {
  index: unknown;
  status: string;
  result: unknown;
  history: unknown[];
}

/** What v0.2 makes of a runs.jsonl: the outputs that it keeps, by index, the first of each. Anything odd is an error. */
export function readAsV02(file: string): Map<unknown, V02Output> {
  const bytes = readFileSync(file);
  if (bytes.some((byte) => byte > 0x7e))
    throw new Error(`${file} is not ASCII: v0.2 reads it in the machine's encoding`);
  const results = new Map<unknown, V02Output>();
  for (const line of bytes.toString("latin1").trimEnd().split("\n")) {
    const { time, index, error, info, output } = JSON.parse(line);
    const isTimed = Number.isInteger(time.timestamp) && /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/.test(time.str);
    if (!isTimed || !isIndex(index)) throw new Error(`v0.2 leaves out, for its time or index: ${line}`);
    if (!isTextOrNull(error) || !isTextOrNull(info) || !isOutput(output)) throw new Error(`v0.2 leaves out: ${line}`);
    if (!results.has(index)) results.set(index, output);
  }
  return results;
}

/** v0.2's arithmetic over the results, with its keys in its order. */
export function overallAsV02(results: readonly V02Output[]) {
  const lengths = results.map(({ history }) => history.length);
  const share = (of: string) => results.filter(({ status }) => status === of).length / results.length;
  const validation = Object.fromEntries(statuses.map((status) => [status, share(status)]));
  validation.average_history_length = lengths.reduce((sum, length) => sum + length, 0) / results.length;
  validation.max_history_length = Math.max(...lengths);
  validation.min_history_length = Math.min(...lengths);
  return { total: results.length, validation };
}

const isIndex = (value: unknown) => typeof value === "string" || Number.isInteger(value);
const isTextOrNull = (value: unknown) => value === null || typeof value === "string";

/** A result has a list of messages: v0.2 counts them without looking. */
function isOutput(value: V02Output | null): boolean {
  if (value === null || !isIndex(value.index) || value.result === undefined) return false;
  return statuses.includes(value.status) && Array.isArray(value.history) && value.history.every(isMessage);
}

function isMessage(value: unknown): boolean {
  const { role, content } = value as { role: unknown; content: unknown };
  return (role === "user" || role === "agent") && typeof content === "string";
}
