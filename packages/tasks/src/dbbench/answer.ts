import type { Cell } from "./data-set.js";
import { type PythonLiteral, readPythonLiteral } from "./python/python-literal.js";

/** Reads an agent's answer: a Python list, or else a list of that one text. */
export function readAnswer(text: string): PythonLiteral[] {
  const literal = readPythonLiteral(text);
  return Array.isArray(literal) ? literal : [text];
}

/**
 * Compares a given answer with the expected one. One value each: as numbers if both are, else as texts. Otherwise as
 * Python's sets, in which 1 and "1" differ.
 */
export function sameAnswer(given: readonly PythonLiteral[], expected: readonly Cell[]): boolean {
  const [onlyGiven, onlyExpected] = [given[0], expected[0]];
  if (given.length === 1 && expected.length === 1 && onlyGiven !== undefined && onlyExpected !== undefined) {
    return sameValue(onlyGiven, onlyExpected);
  }
  const [givenKeys, expectedKeys] = [keysOf(given), keysOf(expected)];
  if (!givenKeys || !expectedKeys || givenKeys.size !== expectedKeys.size) return false;
  return [...givenKeys].every((key) => expectedKeys.has(key));
}

function sameValue(given: PythonLiteral, expected: PythonLiteral): boolean {
  const [left, right] = [toFloat(given), toFloat(expected)];
  if (left !== undefined && right !== undefined) return left === right;
  return asText(given) === asText(expected);
}

const floatPattern = /^[+-]?(?:\d+(?:_\d+)*\.?(?:\d+(?:_\d+)*)?|\.\d+(?:_\d+)*)(?:e[+-]?\d+(?:_\d+)*)?$/i;

/** What Python's `float()` makes of a value; undefined if it refuses. */
function toFloat(value: PythonLiteral): number | undefined {
  if (typeof value === "number") return value;
  if (typeof value === "boolean") return Number(value);
  if (typeof value !== "string") return undefined;
  const text = value.trim();
  if (floatPattern.test(text)) return Number(text.replaceAll("_", ""));
  const [, sign, name] = /^([+-]?)(inf|infinity|nan)$/i.exec(text) ?? [];
  if (name === undefined) return undefined;
  const size = name.toLowerCase() === "nan" ? Number.NaN : Number.POSITIVE_INFINITY;
  return sign === "-" ? -size : size;
}

function asText(value: PythonLiteral): string {
  return typeof value === "string" ? value : (keyOf(value) ?? JSON.stringify(value));
}

/** The members of a set; undefined if one of them (a list) cannot be in a set. */
function keysOf(values: readonly PythonLiteral[]): Set<string> | undefined {
  const keys = new Set<string>();
  for (const value of values) {
    const key = keyOf(value);
    if (key === undefined) return undefined;
    keys.add(key);
  }
  return keys;
}

/** Equal for values that Python takes for equal: numbers and truth values with each other, nothing else across types. */
function keyOf(value: PythonLiteral): string | undefined {
  if (value === null) return "None";
  if (typeof value === "string") return `text ${JSON.stringify(value)}`;
  if (typeof value === "number" || typeof value === "boolean") return `number ${Number(value)}`;
  if (Array.isArray(value)) return undefined;
  const keys = value.tuple.map(keyOf);
  return keys.includes(undefined) ? undefined : `tuple (${keys.join()})`;
}
