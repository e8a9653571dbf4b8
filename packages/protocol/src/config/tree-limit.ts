import type { KeyPath } from "./key-path.js";
import { isMapping } from "./mapping.js";

/** Values in one configuration, imports and merges counted: far above any real one, far below a YAML alias bomb. */
const maxNodes = 1_000_000;

/** Levels of nesting. */
export const maxDepth = 200;

/** Merging is safe with these names too, but they are never intended, and later code may handle them less carefully. */
const refusedKeys = new Set(["__proto__", "constructor", "prototype"]);

/** The work left for one configuration; running out of it ends the loading. */
export class TreeLimit {
  #left = maxNodes;

  /** Counts every value of a tree, shared parts as often as they appear. Throws {@link TreeLimitError}. */
  charge(value: unknown): void {
    this.copy(value, () => {});
  }

  /**
   * A deep copy that shares nothing, with refused keys left out and reported; integers that a number cannot hold are
   * reported too. Throws {@link TreeLimitError}.
   */
  copy(value: unknown, report: (path: KeyPath, message: string) => void, path: (string | number)[] = []): unknown {
    this.#left -= 1;
    if (this.#left < 0) throw new TreeLimitError(`the configuration has more than ${maxNodes} values`);
    if (path.length > maxDepth) {
      throw new TreeLimitError(`the configuration is nested more than ${maxDepth} levels deep, or contains itself`);
    }
    if (Array.isArray(value)) return value.map((item, position) => this.copy(item, report, [...path, position]));
    if (typeof value === "bigint") {
      report(path, `the integer ${value} is too large to be kept exactly; put it in quotes to make it a string`);
      return Number(value);
    }
    if (!isMapping(value)) return value;
    const kept = Object.entries(value).filter(([key]) => {
      if (refusedKeys.has(key)) report([...path, key], "this name cannot be used as a key");
      return !refusedKeys.has(key);
    });
    return Object.fromEntries(kept.map(([key, item]) => [key, this.copy(item, report, [...path, key])]));
  }
}

/** Internal: becomes a problem of the configuration. */
export class TreeLimitError extends Error {}
