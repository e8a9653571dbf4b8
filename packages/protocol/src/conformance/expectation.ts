import { isDeepStrictEqual } from "node:util";
import { Mismatch } from "./check.js";
import type { Reply } from "./raw-client.js";

/** What a value has to be: in words, and as a test. */
export type Rule = [what: string, test: (value: unknown) => boolean];

export const integer: Rule = ["an integer", (value) => Number.isInteger(value)];
export const count: Rule = ["an integer of at least 0", (value) => Number.isInteger(value) && Number(value) >= 0];
export const bool: Rule = ["true or false", (value) => typeof value === "boolean"];
/** From 2001 to 5138; milliseconds would be beyond. */
export const epochSeconds: Rule = [
  "seconds since the epoch",
  (value) => typeof value === "number" && value > 1e9 && value < 1e11,
];

export function exactly(expected: unknown): Rule {
  return [JSON.stringify(expected), (value) => isDeepStrictEqual(value, expected)];
}

/** Without what would steer a terminal, and not endlessly long. */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what is replaced
  const plain = text.replace(/[\u0000-\u001f\u007f-\u009f]/g, (character) => JSON.stringify(character).slice(1, -1));
  return plain.length > 400 ? `${plain.slice(0, 400)}.. (${plain.length} characters)` : plain;
}

export function demand(condition: boolean, expected: string, received: unknown): asserts condition {
  if (!condition) throw new Mismatch(expected, isReply(received) ? said(received) : asText(received));
}

/** The JSON value of a reply with this status. */
export function jsonOf(reply: Reply, status = 200): unknown {
  demand(reply.status === status, `${reply.call}: ${status}`, reply);
  try {
    return JSON.parse(reply.text);
  } catch {
    throw new Mismatch(`${reply.call}: ${status} with a JSON body`, said(reply));
  }
}

/** A reply of 200 with exactly this value. */
export function accepted(reply: Reply, value: unknown): void {
  const body = jsonOf(reply);
  demand(isDeepStrictEqual(body, value), `${reply.call}: 200 ${JSON.stringify(value)}`, reply);
}

/** An error with this status and this text as its detail. `mayGoOn`: more may follow the text. */
export function refused(reply: Reply, status: number, detail: string, mayGoOn = false): void {
  const expected = `${reply.call}: ${status} {"detail": ${JSON.stringify(detail)}${mayGoOn ? ".." : ""}}`;
  demand(reply.status === status, expected, reply);
  const given = detailOf(reply);
  const isRight = mayGoOn && typeof given === "string" ? given.startsWith(detail) : given === detail;
  demand(isRight, expected, reply);
}

/** The `detail` of an error; undefined if there is none. */
export function detailOf({ text }: Reply): unknown {
  try {
    return (JSON.parse(text) as { detail?: unknown } | null)?.detail;
  } catch {
    return undefined;
  }
}

/** An object whose fields keep the rules; it may have more. Returns it. */
export function fieldsOf(value: unknown, rules: Record<string, Rule>, where: string): Record<string, unknown> {
  demand(isObject(value), `${where}: an object with ${Object.keys(rules).join(", ")}`, value);
  for (const [name, [what, test]] of Object.entries(rules)) {
    demand(name in value && test(value[name]), `${where}.${name}: ${what}`, value);
  }
  return value;
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isReply(value: unknown): value is Reply {
  return isObject(value) && "call" in value && "text" in value && "headers" in value;
}

function said({ status, text }: Reply): string {
  return text === "" ? `${status} without a body` : `${status} ${text}`;
}

function asText(value: unknown): string {
  return typeof value === "string" ? value : (JSON.stringify(value) ?? "nothing");
}
