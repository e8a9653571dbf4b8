import { AgentError, type AgentFailure } from "@eval/protocol/agent";
import { isSecretKey, maskSecrets } from "@eval/protocol/config";
import { z } from "zod";
import { PLAIN_HEADERS, type Redactor } from "./redaction.js";

const headersSchema = z.record(z.string(), z.coerce.string()).default({});
const exchangeSchema = z.object({
  request: z.object({ method: z.string(), url: z.string(), headers: headersSchema, body: z.string().default("") }),
  /** Undefined if no answer was received. */
  answer: z.object({ status: z.number(), headers: headersSchema, body: z.string().default("") }).optional(),
});

/** The request and the answer in a form that is safe to show: secrets are `***`, long bodies are truncated. */
export type HttpExchange = z.output<typeof exchangeSchema>;

/** A failed request. The exchange is a function, so that it is only computed on demand and no log shows it by accident. */
export class HttpFailureError extends AgentError {
  constructor(
    message: string,
    failure: AgentFailure,
    readonly exchange: () => HttpExchange,
  ) {
    super(message, failure);
  }
}

/** The exchange of an agent's error or of one of its causes; recognized by its shape. */
export function exchangeOf(error: unknown): HttpExchange | undefined {
  for (let cause = error, step = 0; cause instanceof Error && step < 10; cause = cause.cause, step += 1) {
    const { exchange } = cause as { exchange?: unknown };
    const found =
      typeof exchange === "function" ? exchangeSchema.safeParse(resultOf(exchange as () => unknown, cause)) : undefined;
    if (found?.success) return found.data;
  }
  return undefined;
}

/** An exception in an author's function must not replace the original failure. */
function resultOf(exchange: () => unknown, owner: unknown): unknown {
  try {
    return exchange.call(owner);
  } catch {
    return undefined;
  }
}

/** Maximum length of a shown body, in characters. */
const shownBody = 8_192;

/** Maximum length of a body that is searched for secrets; longer ones are not shown. In characters. */
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

/** Keeps the scheme (`Bearer`), which may reveal a mistake but nothing about the secret. */
function maskedHeader(value: string, name: string): string {
  if (PLAIN_HEADERS.has(name.toLowerCase())) return value;
  const [, scheme = ""] = /^(\w+ )\S/.exec(value) ?? [];
  return `${scheme}***`;
}

/** Masks strings under secret-like keys, whatever their length. */
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
  return `(${text.length} characters, not shown: too long to search for secrets)`;
}

function mapValues(
  values: Record<string, string>,
  map: (value: string, name: string) => string,
): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, map(value, name)]));
}
