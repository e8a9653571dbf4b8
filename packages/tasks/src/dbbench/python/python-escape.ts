/** One backslash escape of a Python text, at the position where the search stands. */
export const escapePattern = /\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-7]{1,3}|[^xuU0-7])/y;

const shortEscapes: Record<string, string> = {
  "\n": "",
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
};

/**
 * The character of an escape; one that Python does not know stays as it is written. Undefined if there is no such
 * character.
 */
export function escapedCharacter(written: string): string | undefined {
  const body = written.slice(1);
  if (/^[xuU]/.test(body)) return fromCode(Number.parseInt(body.slice(1), 16));
  if (/^[0-7]/.test(body)) return fromCode(Number.parseInt(body, 8));
  if (body === "\\" || body === "'" || body === '"') return body;
  return shortEscapes[body] ?? written;
}

function fromCode(code: number): string | undefined {
  return code > 0x10ffff ? undefined : String.fromCodePoint(code);
}
