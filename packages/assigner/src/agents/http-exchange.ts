import { AgentError, type AgentFailure } from "@eval/protocol/agent";
import { isSecretKey, maskSecrets } from "@eval/protocol/config";
import { z } from "zod";
import { PLAIN_HEADERS, type Redactor } from "./redaction.js";

const headersSchema = z.record(z.string(), z.coerce.string()).default({});
const exchangeSchema = z.object({
  request: z.object({ method: z.string(), url: z.string(), headers: headersSchema, body: z.string().default("") }),
  /** Undefined where none came. */
  answer: z.object({ status: z.number(), headers: headersSchema, body: z.string().default("") }).optional(),
});

/** What was sent and what came back, as it may be shown: secrets are `***`, long bodies are cut. */
export type HttpExchange = z.output<typeof exchangeSchema>;

/** A request that failed. The exchange is behind a function: it is made when asked for, and no log shows it by accident. */
export class HttpFailureError extends AgentError {
  constructor(
    message: string,
    failure: AgentFailure,
    readonly exchange: () => HttpExchange,
  ) {
    super(message, failure);
  }
}

/** The exchange of an error of an agent, or of one of its causes; told by its shape. */
export function exchangeOf(error: unknown): HttpExchange | undefined {
  for (let cause = error, step = 0; cause instanceof Error && step < 10; cause = cause.cause, step += 1) {
    const { exchange } = cause as { exchange?: unknown };
    const found =
      typeof exchange === "function" ? exchangeSchema.safeParse(resultOf(exchange as () => unknown, cause)) : undefined;
    if (found?.success) return found.data;
  }
  return undefined;
}

/** An author's function must not take the place of the failure that it is about. */
function resultOf(exchange: () => unknown, owner: unknown): unknown {
  try {
    return exchange.call(owner);
  } catch {
    return undefined;
  }
}

/** Longer bodies are cut, in characters. */
const shownBody = 8_192;

/** Longer ones are not looked into for secrets, so nothing of them is shown; in characters. */
const readBody = 1_048_576;

export interface Exchanged {
  url: URL;
  headers: Record<string, string>;
  body: string;
  answer: { status: number; headers: Record<string, string>; text: string } | undefined;
}

export function describeExchange({ url, headers, body, answer }: Exchanged, redactor: Redactor): HttpExchange {
  const shown = (text: string) => (text.length > readBody ? tooLong(text) : cut(redactor.redact(masked(text))));
  return {
    request: {
      method: "POST",
      url: shownUrl(url, redactor),
      headers: mapValues(headers, maskedHeader),
      body: shown(body),
    },
    answer: answer && {
      status: answer.status,
      headers: mapValues(answer.headers, (value, name) => (isSecretKey(name) ? "***" : redactor.redact(value))),
      body: shown(answer.text),
    },
  };
}

/** Query values may be keys. */
function shownUrl(url: URL, redactor: Redactor): string {
  const names = [...url.searchParams.keys()].map((name) => `${encodeURIComponent(name)}=***`);
  return redactor.redact(url.origin + url.pathname) + (names.length === 0 ? "" : `?${names.join("&")}`);
}

/** The scheme of a secret (`Bearer`) tells of a mistake, and nothing of the secret. */
function maskedHeader(value: string, name: string): string {
  if (PLAIN_HEADERS.has(name.toLowerCase())) return value;
  const [, scheme = ""] = /^(\w+ )\S/.exec(value) ?? [];
  return `${scheme}***`;
}

/** Texts under secret-like keys, whatever their length. */
function masked(body: string): string {
  try {
    return JSON.stringify(maskSecrets(JSON.parse(body) as unknown).value);
  } catch {
    return body;
  }
}

function cut(text: string): string {
  return text.length <= shownBody ? text : `${text.slice(0, shownBody)}... (${text.length} characters)`;
}

function tooLong(text: string): string {
  return `(${text.length} characters: too long to be searched for secrets)`;
}

function mapValues(
  values: Record<string, string>,
  map: (value: string, name: string) => string,
): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, map(value, name)]));
}
