import type { z } from "zod";
import { CodedError } from "../error.js";
import { jsonErrorPosition } from "./json-position.js";

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
  throw validationError(firstOfEach(parsed.error.issues).flatMap((issue) => describeIssue(issue, value, where)));
}

/** Reads a JSON body; an empty one is `undefined`, and so is v0.2's other way to send none, `null`. */
export function parseJsonBody(text: string): unknown {
  if (text === "") return undefined;
  try {
    return JSON.parse(text) ?? undefined;
  } catch {
    // Without the parser's message: it quotes the text.
    const loc = ["body", jsonErrorPosition(text)];
    throw validationError([{ loc, msg: "the body is not valid JSON", type: "value_error.jsondecode" }]);
  }
}

/** A missing query parameter. */
export function missingParameter(name: string): CodedError {
  return validationError([{ loc: ["query", name], ...missing }]);
}

function validationError(detail: ValidationDetail[]): CodedError {
  const message = detail.map(({ loc, msg }) => `${loc.join(".")}: ${msg}`).join("; ");
  return new CodedError("VALIDATION", message, { detail });
}

type Problem = Pick<ValidationDetail, "msg" | "type">;

const missing: Problem = { msg: "field required", type: "value_error.missing" };
const isNull: Problem = { msg: "none is not an allowed value", type: "type_error.none.not_allowed" };

/** v0.2's (pydantic 1.10's) texts and names of type errors, by what the schema expects. */
const wrongTypes: Record<string, Problem> = {
  string: { msg: "str type expected", type: "type_error.str" },
  int: { msg: "value is not a valid integer", type: "type_error.integer" },
  // Every number of v0.2's messages is an integer, and one that is no number at all is reported as "number".
  number: { msg: "value is not a valid integer", type: "type_error.integer" },
  boolean: { msg: "value could not be parsed to a boolean", type: "type_error.bool" },
  object: { msg: "value is not a valid dict", type: "type_error.dict" },
  array: { msg: "value is not a valid list", type: "type_error.list" },
};

function describeIssue(issue: z.core.$ZodIssue, input: unknown, where: string): ValidationDetail[] {
  const path = issue.path.map((part) => (typeof part === "symbol" ? String(part) : part));
  const loc = [where, ...path];
  const given = valueAt(input, path);
  if (given === undefined) return [{ loc, ...missing }];
  if (given === null) return [{ loc, ...isNull }];
  if (issue.code !== "invalid_union") return [{ loc, ...problemOf(issue) }];
  // One entry for each of the types that it could have been.
  return issue.errors.flat().map((member) => ({ loc, ...problemOf(member) }));
}

function problemOf(issue: z.core.$ZodIssue): Problem {
  if (issue.code === "invalid_value") {
    const permitted = issue.values.map((value) => `'${String(value)}'`).join(", ");
    return { msg: `value is not a valid enumeration member; permitted: ${permitted}`, type: "type_error.enum" };
  }
  const wrongType = issue.code === "invalid_type" ? wrongTypes[issue.expected] : undefined;
  return wrongType ?? { msg: issue.message, type: "value_error" };
}

/** The first problem of each field: what is of another type altogether has also not the right length. */
function firstOfEach(issues: readonly z.core.$ZodIssue[]): z.core.$ZodIssue[] {
  const firsts = new Map<string, z.core.$ZodIssue>();
  for (const issue of issues) {
    const place = issue.path.map(String).join("\n");
    if (!firsts.has(place)) firsts.set(place, issue);
  }
  return [...firsts.values()];
}

function valueAt(input: unknown, path: (string | number)[]): unknown {
  return path.reduce<unknown>((value, key) => (value as Record<string | number, unknown> | null)?.[key], input);
}
