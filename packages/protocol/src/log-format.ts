import { isCodedError, messageOf } from "./error.js";

/** One line of a log. */
export interface LogRecord {
  time: Date;
  level: string;
  label: string | undefined;
  message: string;
  fields: Readonly<Record<string, unknown>>;
}

type Redact = (text: string) => string;

/** `{"time":..,"level":..,"label":..,"message":..,<fields>}`; a field with one of these names gets a trailing `_`. */
export function jsonLine(record: LogRecord, redact: Redact): string {
  const line: Record<string, unknown> = { time: record.time.toISOString(), level: record.level };
  if (record.label !== undefined) line.label = record.label;
  line.message = redact(record.message);
  for (const [key, value] of Object.entries(record.fields)) {
    line[Object.hasOwn(line, key) ? `${key}_` : key] = plain(value, redact);
  }
  return JSON.stringify(line);
}

/** `12:30:05.123 info  controller  message  key=value`, in local time. */
export function prettyLine(record: LogRecord, redact: Redact, color: boolean): string {
  const paint = (code: number, text: string) => (color ? `\u001b[${code}m${text}\u001b[0m` : text);
  const fields = Object.entries(record.fields)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => paint(2, `${key}=`) + prettyValue(plain(value, redact)));
  const parts = [
    paint(2, clock(record.time)),
    paint(levelColors[record.level] ?? 0, record.level.padEnd(5)),
    ...(record.label === undefined ? [] : [paint(1, record.label)]),
    redact(record.message),
    ...fields,
  ];
  return parts.join(" ");
}

/** ANSI colors: red, yellow, green, gray. */
const levelColors: Record<string, number> = { error: 31, warn: 33, info: 32, debug: 90 };

function clock(time: Date): string {
  const two = (number: number) => String(number).padStart(2, "0");
  const seconds = `${two(time.getSeconds())}.${String(time.getMilliseconds()).padStart(3, "0")}`;
  return `${two(time.getHours())}:${two(time.getMinutes())}:${seconds}`;
}

function prettyValue(value: unknown): string {
  if (typeof value === "string" && /^[^\s"=]+$/.test(value)) return value;
  return JSON.stringify(value) ?? String(value);
}

/** Anything as JSON can hold it: errors by message and code, no cycles, nothing deeper than eight levels. */
function plain(value: unknown, redact: Redact, depth = 0): unknown {
  if (typeof value === "string") return redact(value);
  if (value === null || typeof value === "boolean" || typeof value === "number") return value;
  if (value instanceof Error) return plainError(value, redact);
  if (typeof value !== "object") return value === undefined ? undefined : redact(String(value));
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (depth === 8) return "...";
  if (Array.isArray(value)) return value.map((item) => plain(item, redact, depth + 1));
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item, redact, depth + 1)]));
}

function plainError(error: Error, redact: Redact): string {
  const message = redact(messageOf(error));
  return isCodedError(error) ? `${message} (${error.code})` : message;
}
