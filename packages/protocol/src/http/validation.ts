import type { z } from "zod";
import { CodedError } from "../error.js";

/** One entry of a 422's `detail`, in v0.2's form. */
interface ValidationDetail {
  loc: (string | number)[];
  msg: string;
  type: string;
}

/** Checks a request against its schema. The error (VALIDATION, 422) never repeats what was sent. */
export function validate<S extends z.ZodType>(schema: S, value: unknown, where: "body" | "query"): z.output<S> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw validationError(parsed.error.issues.map((issue) => describeIssue(issue, value, where)));
}

/** Reads a JSON body; an empty one is `undefined`. */
export function parseJsonBody(text: string): unknown {
  if (text === "") return undefined;
  try {
    return JSON.parse(text);
  } catch (error) {
    const message = error instanceof Error ? error.message : "invalid JSON";
    const position = Number(/position (\d+)/.exec(message)?.[1] ?? (message.includes("end of JSON") ? text.length : 0));
    throw validationError([
      { loc: ["body", position], msg: "the body is not valid JSON", type: "value_error.jsondecode" },
    ]);
  }
}

/** A query parameter that is not there. */
export function missingParameter(name: string): CodedError {
  return validationError([{ loc: ["query", name], msg: "field required", type: "value_error.missing" }]);
}

function validationError(detail: ValidationDetail[]): CodedError {
  const message = detail.map(({ loc, msg }) => `${loc.join(".")}: ${msg}`).join("; ");
  return new CodedError("VALIDATION", message, { detail });
}

function describeIssue(issue: z.core.$ZodIssue, input: unknown, where: string): ValidationDetail {
  const path = issue.path.map((part) => (typeof part === "symbol" ? String(part) : part));
  const loc = [where, ...path];
  const given = valueAt(input, path);
  if (given === undefined) return { loc, msg: "field required", type: "value_error.missing" };
  if (given === null) return { loc, msg: "null is not allowed", type: "type_error.none.not_allowed" };
  if (issue.code === "invalid_type") return { loc, msg: `${issue.expected} expected`, type: typeName(issue.expected) };
  return { loc, msg: issue.message, type: "value_error" };
}

function valueAt(input: unknown, path: (string | number)[]): unknown {
  return path.reduce<unknown>((value, key) => (value as Record<string | number, unknown> | null)?.[key], input);
}

/** v0.2's (pydantic 1.10's) names of type errors. */
function typeName(expected: string): string {
  const names: Record<string, string> = {
    string: "type_error.str",
    int: "type_error.integer",
    number: "type_error.float",
    object: "type_error.dict",
    array: "type_error.list",
  };
  return names[expected] ?? "type_error";
}
