/**
 * Reads a mapping from JSON as Python writes it, with NaN and Infinity, which JSON does not have: they are read as null.
 * Undefined for any other text.
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

/** What begins or ends a string, what in it does not, and the numbers that JSON does not have. */
const telling = /\\.|"|-?\b(?:NaN|Infinity)\b/g;

/** Strings stay as they are. Piece by piece: a pattern for whole strings would run out of stack on a long one. */
function withoutNaN(text: string): string {
  let inString = false;
  return text.replace(telling, (piece) => {
    if (piece === '"') inString = !inString;
    return inString || piece.startsWith("\\") || piece === '"' ? piece : "null";
  });
}

/**
 * JSON with nothing but ASCII, as v0.2 writes its lines: it reads them in whatever encoding the machine prefers, and
 * ends at the first byte that this does not have.
 */
export function asciiJson(value: unknown): string {
  return JSON.stringify(value).replace(/[\u007f-\uffff]/g, (unit) => {
    return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}
