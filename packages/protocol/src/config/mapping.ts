export type Mapping = Record<string, unknown>;

/** True for a mapping in the sense of YAML and JSON: a plain object. */
export function isMapping(value: unknown): value is Mapping {
  if (typeof value !== "object" || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** Rebuilds a tree with every text passed through `change`; the input stays as it is. */
export function mapTexts(
  value: unknown,
  change: (text: string, path: (string | number)[]) => unknown,
  path: (string | number)[] = [],
): unknown {
  if (typeof value === "string") return change(value, path);
  if (Array.isArray(value)) return value.map((item, position) => mapTexts(item, change, [...path, position]));
  if (!isMapping(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, mapTexts(item, change, [...path, key])]));
}
