/**
 * Parses a mapping from Python's JSON, which may contain NaN and Infinity; they are read as null. Undefined for any other
 * text.
 */
export function parsePythonObject(text: string): Record<string, unknown> | undefined {
  const value = parseJson(text) ?? (/NaN|Infinity/.test(text) ? parseJson(withoutNaN(text)) : undefined);
  return isObject(value) ? value : undefined;
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Delimiters and escapes of strings, and the numbers that JSON does not allow. */
const telling = /\\.|"|-?\b(?:NaN|Infinity)\b/g;

/** Does not change strings. Works piece by piece, because a pattern for whole strings would overflow the stack on a long one. */
function withoutNaN(text: string): string {
  let inString = false;
  return text.replace(telling, (piece) => {
    if (piece === '"') inString = !inString;
    return inString || piece.startsWith("\\") || piece === '"' ? piece : "null";
  });
}

/**
 * Formats JSON in ASCII only, like v0.2: v0.2 reads lines in the machine's preferred encoding, and stops at the first
 * byte that this encoding does not have.
 */
export function asciiJson(value: unknown): string {
  return JSON.stringify(value).replace(/[\u007f-\uffff]/g, (unit) => {
    return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}
