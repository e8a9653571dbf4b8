import { isMapping, type Mapping } from "./mapping.js";

/**
 * Merges `item` over `base`: two mappings deeply, key by key, `base`'s order first; two lists concatenate; otherwise
 * `item` wins. Neither is changed; the result may share parts with both. Keys are only ever own properties of the
 * result, whatever their names.
 */
export function deepMerge(base: unknown, item: unknown): unknown {
  if (Array.isArray(base) && Array.isArray(item)) return [...base, ...item];
  if (isMapping(base) && isMapping(item)) return mergeMappings(base, item);
  return item;
}

export function mergeMappings(base: Mapping, item: Mapping): Mapping {
  // A Map and fromEntries, not assignment: assigning `__proto__` would set a prototype.
  const merged = new Map(Object.entries(base));
  for (const [key, value] of Object.entries(item)) {
    merged.set(key, merged.has(key) ? deepMerge(merged.get(key), value) : value);
  }
  return Object.fromEntries(merged);
}

/**
 * Carries out `default` and `overwrite` at every level, the innermost first: `overwrite` is merged over every sibling,
 * then `default` under the outcome. The order is v0.2's, and shows where a sibling is no mapping: beside
 * `x: null`, an `overwrite` that is a mapping is filled up with the `default`; without it x stays null.
 * `charge` is called with every merged value, so that the caller can limit the work.
 */
export function applyDefaults(value: unknown, charge: (merged: unknown) => void = () => {}): unknown {
  if (Array.isArray(value)) return value.map((item) => applyDefaults(item, charge));
  if (!isMapping(value)) return value;
  const resolved = Object.entries(value).map(([key, item]) => [key, applyDefaults(item, charge)] as const);
  const keywords = new Map(resolved.filter(([key]) => key === "default" || key === "overwrite"));
  const siblings = resolved.filter(([key]) => !keywords.has(key));
  if (keywords.size === 0) return Object.fromEntries(siblings);
  return Object.fromEntries(
    siblings.map(([key, item]) => {
      let merged: unknown = item;
      if (keywords.has("overwrite")) merged = deepMerge(merged, keywords.get("overwrite"));
      if (keywords.has("default")) merged = deepMerge(keywords.get("default"), merged);
      charge(merged);
      return [key, merged];
    }),
  );
}
