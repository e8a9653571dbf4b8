/**
 * Reads a mapping from JSON as Python writes it, with NaN and Infinity, which JSON does not have: they are read as null.
 * Undefined for any other text.
 */
export function parsePythonObject(text: string): Record<string, unknown> | undefined {
  const value = parseJson(text) ?? parseJson(withoutNaN(text));
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

/** Strings stay as they are. */
function withoutNaN(text: string): string {
  return text.replace(/"(?:[^"\\]|\\.)*"|-?\b(?:NaN|Infinity)\b/g, (token) => (token.startsWith('"') ? token : "null"));
}
