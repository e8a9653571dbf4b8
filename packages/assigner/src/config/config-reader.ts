import type { z } from "zod";

export interface EvaluationConfigProblem {
  /** Keys from the root of the file; numbers are list positions. */
  path: (string | number)[];
  message: string;
}

/** Reads values from one file, and collects all problems. */
export class ConfigReader {
  readonly problems: EvaluationConfigProblem[] = [];

  constructor(protected readonly raw: Record<string, unknown>) {}

  /** The value at `path`, parsed by the schema; if it is invalid, reports a problem and returns undefined. */
  read<Value>(path: (string | number)[], schema: z.ZodType<Value>): Value | undefined {
    const parsed = schema.safeParse(valueAt(this.raw, path));
    if (parsed.success) return parsed.data;
    for (const issue of parsed.error.issues) {
      this.report([...path, ...issue.path.map((key) => (typeof key === "symbol" ? String(key) : key))], issue.message);
    }
    return undefined;
  }

  /** The values by name; names without a value are omitted. */
  protected byName<Value>(names: readonly string[], read: (name: string) => Value | undefined): Map<string, Value> {
    const values = new Map<string, Value>();
    for (const name of names) {
      const value = read(name);
      if (value !== undefined) values.set(name, value);
    }
    return values;
  }

  report(path: (string | number)[], message: string): void {
    this.problems.push({ path, message });
  }
}

export function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function keysOf(value: unknown): string[] {
  return isMapping(value) ? Object.keys(value) : [];
}

/** Looks at own keys only, so that a name such as `constructor` is not found by accident. */
export function valueAt(root: unknown, path: readonly (string | number)[]): unknown {
  let value = root;
  for (const key of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<string | number, unknown>)[key];
  }
  return value;
}
