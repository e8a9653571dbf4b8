/** A value that prints as given, for types that only Python has, such as `Decimal('1.5')`. */
export interface PythonExpression {
  python: string;
}

/** A value of a result. A bigint is an integer, a number always a float: 1 prints as `1.0`. */
export type SqlValue = null | bigint | number | string | Uint8Array | PythonExpression;

/** The agent sees this many characters of a result or an error. */
const visibleCharacters = 800;

/**
 * Longer texts are shortened before they are printed: nothing past the visible characters is ever shown, and a huge
 * cell must not cost a huge text.
 */
const printedUnits = visibleCharacters * 4;

/** The text of rows as Python prints a list of tuples, as far as it can be visible. */
export function rowsText(rows: readonly (readonly SqlValue[])[]): string {
  let text = "[";
  for (const [index, row] of rows.entries()) {
    if (text.length > printedUnits) break;
    text += `${index > 0 ? ", " : ""}${tupleText(row)}`;
  }
  return `${text}]`;
}

/** Cuts a text at {@link visibleCharacters}, counted in code points as Python does. */
export function cutToVisible(text: string): string {
  if (text.length <= visibleCharacters) return text;
  const characters = Array.from(text.slice(0, printedUnits));
  if (characters.length <= visibleCharacters) return text;
  return `${characters.slice(0, visibleCharacters).join("")}[TRUNCATED]`;
}

function tupleText(row: readonly SqlValue[]): string {
  const items = row.map(pythonText);
  return items.length === 1 ? `(${items[0]},)` : `(${items.join(", ")})`;
}

/** Python's `repr` of a list of values. */
export function listText(values: readonly SqlValue[]): string {
  return `[${values.map(pythonText).join(", ")}]`;
}

/** Python's `repr` of a value. */
export function pythonText(value: SqlValue): string {
  if (value === null) return "None";
  if (typeof value === "bigint") return String(value);
  if (typeof value === "number") return floatText(value);
  if (typeof value === "string") return stringText(value);
  return value instanceof Uint8Array ? bytesText(value) : value.python;
}

/** The shortest digits that read back as the same float; an exponent below 1e-4 and from 1e16 on. */
function floatText(value: number): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  if (Object.is(value, -0)) return "-0.0";
  const [digits = "0", exponent = "0"] = value.toExponential().split("e");
  const power = Number(exponent);
  if (value !== 0 && (power < -4 || power >= 16)) {
    return `${digits}e${power < 0 ? "-" : "+"}${String(Math.abs(power)).padStart(2, "0")}`;
  }
  const plain = String(value);
  return plain.includes(".") ? plain : `${plain}.0`;
}

/** Single quotes, unless the text holds some and no double quote. */
function quoteFor(holdsSingle: boolean, holdsDouble: boolean): string {
  return holdsSingle && !holdsDouble ? '"' : "'";
}

const shortEscapes: Record<string, string> = { "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t" };

function stringText(value: string): string {
  const quote = quoteFor(value.includes("'"), value.includes('"'));
  let text = "";
  for (const character of value.slice(0, printedUnits)) {
    const short = shortEscapes[character];
    if (short !== undefined) text += short;
    else if (character === quote) text += `\\${quote}`;
    else text += isPrintable(character) ? character : codePointEscape(character);
  }
  return `${quote}${text}${quote}`;
}

/** Python's str.isprintable: everything but the categories "other" and "separator"; the space is printable. */
function isPrintable(character: string): boolean {
  return character === " " || !/[\p{C}\p{Z}]/u.test(character);
}

function codePointEscape(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  if (code <= 0xff) return `\\x${code.toString(16).padStart(2, "0")}`;
  if (code <= 0xffff) return `\\u${code.toString(16).padStart(4, "0")}`;
  return `\\U${code.toString(16).padStart(8, "0")}`;
}

function bytesText(value: Uint8Array): string {
  const quote = quoteFor(value.includes(0x27), value.includes(0x22));
  let text = "";
  for (const byte of value.subarray(0, printedUnits)) {
    const character = String.fromCharCode(byte);
    const short = shortEscapes[character];
    if (short !== undefined) text += short;
    else if (character === quote) text += `\\${quote}`;
    else text += byte >= 0x20 && byte < 0x7f ? character : codePointEscape(character);
  }
  return `b${quote}${text}${quote}`;
}
