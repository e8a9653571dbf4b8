import { relative } from "node:path";
import type { z } from "zod";
import { CodedError } from "../error.js";
import { describeIssue } from "./describe-issue.js";
import { formatKeyPath, type KeyPath } from "./key-path.js";

export interface ProblemPlace {
  /** The file as it shall be shown. */
  file?: string | undefined;
  /** The position of `value` in the file. Default: the top. */
  path?: KeyPath | undefined;
}

/** Collects the problems of a configuration, so that the user sees all of them together. */
export class ConfigProblems {
  readonly #lines = new Set<string>();

  /** @param file shown in front of every problem that names no other file */
  constructor(readonly file?: string) {}

  get size(): number {
    return this.#lines.size;
  }

  get lines(): readonly string[] {
    return [...this.#lines];
  }

  /** One line a problem: `file: key.path: message`. The same problem twice is one. */
  add(path: KeyPath | string, message: string, file: string | undefined = this.file): void {
    const place = typeof path === "string" ? path : formatKeyPath(path);
    this.#lines.add([file, place, message].filter((part) => part !== undefined && part !== "").join(": "));
  }

  /** Takes over the problems of a zod schema; undefined if there are any. */
  parse<Schema extends z.ZodType>(
    schema: Schema,
    value: unknown,
    place: ProblemPlace = {},
  ): z.output<Schema> | undefined {
    const parsed = schema.safeParse(value, { error: describeIssue, reportInput: true });
    if (parsed.success) return parsed.data;
    for (const issue of parsed.error.issues) {
      const path = issue.path.map((part) => (typeof part === "number" ? part : String(part)));
      this.add([...(place.path ?? []), ...path], issue.message, place.file ?? this.file);
    }
    return undefined;
  }

  /** Throws one CONFIG_INVALID with all problems; returns if there are none. */
  throwIfAny(): void {
    const lines = [...this.#lines];
    if (lines.length === 0) return;
    const [first] = lines;
    throw new CodedError(
      "CONFIG_INVALID",
      lines.length === 1 && first !== undefined
        ? first
        : `${lines.length} problems in the configuration:\n${lines.map((line) => `  ${line}`).join("\n")}`,
    );
  }
}

/** Validates part of a configuration. Throws CONFIG_INVALID with all problems of that part. */
export function parseWith<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  place: ProblemPlace = {},
): z.output<Schema> {
  const problems = new ConfigProblems(place.file);
  const parsed = problems.parse(schema, value, place);
  problems.throwIfAny();
  return parsed as z.output<Schema>;
}

/** A file as messages show it: relative to the working directory if it is inside, otherwise absolute. */
export function displayPath(file: string, cwd: string): string {
  const short = relative(cwd, file);
  return short === "" || short.startsWith("..") ? file : short;
}
