/**
 * The subset of Python's format strings (PEP 3101) that configurations use: replacement fields with attribute and index
 * access, and `{{` and `}}`. Conversions (`!r`) and format specs (`:>10`) are refused. Attributes are treated as keys:
 * JSON values have no useful attributes, and in Python `{response.choices}` is an error.
 */
export interface Field {
  /** The text between the braces: `response[choices][0]`. */
  readonly source: string;
  /** A number is an index of a list or a string, a string is the key of a mapping. */
  readonly path: readonly (string | number)[];
}

export type FormatString = readonly (string | Field)[];

const SUPPORTED = "only fields such as {name[key][0].attribute}, and {{ and }}, are supported";

/**
 * Parses `template`; all its fields must start with the name `root`.
 * @throws Error that describes the problem and the character position (counted from 1).
 */
export function parseFormatString(template: string, root: string): FormatString {
  const parts: (string | Field)[] = [];
  let literal = "";
  let at = 0;
  while (at < template.length) {
    const character = template.charAt(at);
    if ((character === "{" || character === "}") && template.charAt(at + 1) === character) {
      literal += character;
      at += 2;
    } else if (character === "}") {
      throw problem("a single '}' must be written '}}'", at);
    } else if (character === "{") {
      const end = endOfField(template, at + 1);
      parts.push(literal, parseField(template.slice(at + 1, end), root, at + 1));
      literal = "";
      at = end + 1;
    } else {
      literal += character;
      at += 1;
    }
  }
  return [...parts, literal].filter((part) => part !== "");
}

/** The position of the closing brace. Between square brackets, every character is part of the key, as in Python. */
function endOfField(template: string, start: number): number {
  for (let at = start; at < template.length; at += 1) {
    const character = template.charAt(at);
    if (character === "}") return at;
    if (character === "{") throw problem("a '{' inside a field", at);
    if (character === "!") throw problem(`a conversion ('!r', '!s', '!a') is not supported; ${SUPPORTED}`, at);
    if (character === ":") throw problem(`a format spec (':...') is not supported; ${SUPPORTED}`, at);
    if (character === "[") {
      at = template.indexOf("]", at);
      if (at < 0) break;
    }
  }
  throw problem("a field is not closed; a literal '{' must be written '{{'", start - 1);
}

function parseField(source: string, root: string, at: number): Field {
  const name = /^[^.[]*/.exec(source)?.[0] ?? "";
  if (name !== root) throw problem(`a field must start with '${root}', as in {${root}}, not with '${name}'`, at);
  const path: (string | number)[] = [];
  let rest = source.slice(name.length);
  while (rest !== "") {
    const step = /^\[([^\]]+)\]|^\.([^.[]+)/.exec(rest);
    if (step === null) throw problem(`cannot read '${rest}' in {${source}}; ${SUPPORTED}`, at);
    path.push(pathStep(step[1] ?? "", step[2]));
    rest = rest.slice(step[0].length);
  }
  return { source, path };
}

/** Digits in brackets are an integer, as in Python; anything else is a string, even `-1`. */
function pathStep(index: string, attribute: string | undefined): string | number {
  if (attribute !== undefined) return attribute;
  return /^\d+$/.test(index) ? Number(index) : index;
}

function problem(what: string, at: number): Error {
  return new Error(`not a valid format string: ${what} (character ${at + 1})`);
}

/** The value lacks a field. */
class MissingFieldError extends Error {
  override readonly name = "MissingFieldError";
}

/**
 * Fills the fields from `value`. A string is inserted as it is, anything else as JSON.
 * @throws MissingFieldError that names the field, the failed step, and the type found there.
 */
export function renderFormatString(format: FormatString, value: unknown): string {
  return format.map((part) => (typeof part === "string" ? part : textOf(lookUp(part, value)))).join("");
}

function lookUp(field: Field, value: unknown): unknown {
  let current = value;
  for (const step of field.path) {
    const next = child(current, step);
    if (next === undefined) throw missing(field, step, current);
    current = next;
  }
  return current;
}

function child(value: unknown, step: string | number): unknown {
  if (typeof step === "number") {
    if (Array.isArray(value)) return value[step];
    return typeof value === "string" ? [...value][step] : undefined;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  return Object.hasOwn(value, step) ? (value as Record<string, unknown>)[step] : undefined;
}

function missing(field: Field, step: string | number, parent: unknown): MissingFieldError {
  const wanted = typeof step === "number" ? `no item ${step}` : `no key '${step}'`;
  return new MissingFieldError(`{${field.source}}: ${wanted} in ${describe(parent)}`);
}

/** Describes the type of a value, without its content. */
function describe(value: unknown): string {
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value !== "object") return `a ${typeof value}`;
  if (value === null) return "null";
  const keys = Object.keys(value);
  return keys.length === 0 ? "an empty mapping" : `a mapping with the keys ${keys.slice(0, 10).join(", ")}`;
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
