import { z } from "zod";
import { isSecretKey } from "./secret-keys.js";

type RawIssue = z.core.$ZodRawIssue;

/** The common part of all zod issues; `readonly` matters to the typing of schemas' error functions. */
interface AnyIssue {
  readonly input?: unknown;
  readonly path?: PropertyKey[] | undefined;
}

const nouns: Record<string, string> = {
  string: "a text",
  number: "a number",
  int: "an integer",
  boolean: "true or false",
  array: "a list",
  object: "a mapping",
  record: "a mapping",
  null: "null",
};

function noun(expected: string): string {
  return nouns[expected] ?? expected;
}

/** A value as an error shows it: shortened, and never the value of a secret key. */
export function describeValue(value: unknown, key?: PropertyKey): string {
  if (value === undefined) return "nothing";
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a mapping";
  if (typeof key === "string" && isSecretKey(key)) return "a value that is not shown";
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

/** An error for schemas: `z.int(expected("a positive integer"))`. */
export function expected(what: string): { error: (issue: AnyIssue) => string } {
  return { error: (issue) => describeMismatch(what, issue) };
}

function describeMismatch(what: string, issue: AnyIssue): string {
  if (issue.input === undefined) return `is missing: expected ${what}`;
  return `expected ${what}, received ${describeValue(issue.input, issue.path?.at(-1))}`;
}

/** Counts of things: workers, concurrency, rounds. */
export const positiveIntegerSchema = z.int(expected("a positive integer")).positive(expected("a positive integer"));

/** Our message for a zod issue; undefined keeps zod's own. */
export function describeIssue(issue: RawIssue): string | undefined {
  switch (issue.code) {
    case "invalid_type":
      return describeMismatch(noun(String(issue.expected)), issue);
    case "invalid_value":
      return describeMismatch((issue.values as unknown[]).map((value) => JSON.stringify(value)).join(" or "), issue);
    case "unrecognized_keys":
      return `unknown key ${(issue.keys as string[]).map((key) => JSON.stringify(key)).join(", ")}`;
    case "invalid_union":
      return describeUnion(issue);
    case "too_small":
      return describeMismatch(
        `${subject(issue)} ${issue.inclusive === false ? "more than" : "at least"} ${issue.minimum}`,
        issue,
      );
    case "too_big":
      return describeMismatch(
        `${subject(issue)} ${issue.inclusive === false ? "less than" : "at most"} ${issue.maximum}`,
        issue,
      );
    default:
      return undefined;
  }
}

function subject(issue: RawIssue): string {
  if (issue.origin === "string") return "a string with a length of";
  if (issue.origin === "array" || issue.origin === "set") return "a list with a length of";
  return issue.origin === "int" ? "an integer of" : "a number of";
}

/** Names the alternatives if they differ in type; otherwise the message of the branch that matched furthest. */
function describeUnion(issue: RawIssue): string | undefined {
  const branches = (issue.errors ?? []) as z.core.$ZodIssue[][];
  const deep = branches.filter((branch) => branch.some((inner) => inner.path.length > 0));
  const [only] = deep;
  if (deep.length === 1 && only !== undefined) {
    return only.map((inner) => `${inner.path.map(String).join(".")}: ${inner.message}`).join("; ");
  }
  const types = branches.flat().flatMap((inner) => (inner.code === "invalid_type" ? [noun(inner.expected)] : []));
  return types.length === 0 ? undefined : describeMismatch([...new Set(types)].join(" or "), issue);
}
