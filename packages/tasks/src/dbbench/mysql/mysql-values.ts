import type { PythonExpression, SqlValue } from "../python/python-text.js";

/** What the server says of a result's column. */
export interface ColumnInfo {
  columnType: number;
  characterSet: number;
}

/** Type numbers of the protocol for the types that are printed in a special way. */
const integers = new Set([1, 2, 3, 8, 9, 13]);
const floats = new Set([4, 5]);
const decimals = new Set([0, 246]);
const dates = new Set([10]);
const times = new Set([11]);
const dateTimes = new Set([7, 12]);
const json = 245;
/** A character set that says: these are bytes, not text. */
const binary = 63;

/** A cell as the server sent it (text, always) to the value that Python's client makes of it. */
export function mysqlValue(bytes: Buffer | null, column: ColumnInfo): SqlValue {
  if (bytes === null) return null;
  const type = column.columnType;
  const text = bytes.toString("utf8");
  if (integers.has(type)) return BigInt(text);
  if (floats.has(type)) return Number(text);
  if (decimals.has(type)) return { python: `Decimal('${text}')` };
  if (dates.has(type)) return dateParts("datetime.date", text, 3);
  if (dateTimes.has(type)) return dateParts("datetime.datetime", text, 5);
  if (times.has(type)) return duration(text);
  return column.characterSet === binary && type !== json ? new Uint8Array(bytes) : text;
}

/** `datetime.datetime(2000, 1, 2, 3, 4)`: trailing seconds and microseconds are left out where they are zero. */
function dateParts(name: string, text: string, least: number): PythonExpression | null {
  const [, ...digits] = /^(\d+)-(\d+)-(\d+)(?: (\d+):(\d+):(\d+)(?:\.(\d+))?)?$/.exec(text) ?? [];
  const parts = digits.map((part, index) => Number(index === 6 ? (part ?? "0").padEnd(6, "0") : (part ?? "0")));
  // Python has no year, month or day zero; its client gives None.
  if (parts.length === 0 || parts.slice(0, 3).includes(0)) return null;
  while (parts.length > least && parts.at(-1) === 0) parts.pop();
  return { python: `${name}(${parts.join(", ")})` };
}

/** `datetime.timedelta(days=-1, seconds=5)`: a negative duration counts forward from whole days. */
function duration(text: string): PythonExpression | null {
  const [whole, sign, hours, minutes, seconds, fraction = ""] = /^(-?)(\d+):(\d+):(\d+)(?:\.(\d+))?$/.exec(text) ?? [];
  if (whole === undefined) return null;
  const total = (Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)) * 1e6 + Number(fraction.padEnd(6, "0"));
  const signed = sign === "-" ? -total : total;
  const days = Math.floor(signed / 86_400e6);
  const rest = signed - days * 86_400e6;
  const parts = { days, seconds: Math.floor(rest / 1e6), microseconds: rest % 1e6 };
  const shown = Object.entries(parts).filter(([, value]) => value !== 0);
  return { python: `datetime.timedelta(${shown.map(([name, value]) => `${name}=${value}`).join(", ") || "0"})` };
}
