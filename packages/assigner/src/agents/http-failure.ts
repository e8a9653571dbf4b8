import type { AgentFailure } from "@eval/protocol/agent";
import { saysContextLimit } from "./context-limit.js";
import { type HeaderOf, retryAfterMs } from "./retry-after.js";
import { ProxyRefusalError } from "./tunnel-agent.js";

/** An endpoint's answer. `text` is the decoded body. */
export interface Answer {
  readonly status: number;
  readonly header: HeaderOf;
  readonly headers: Record<string, string>;
  readonly text: string;
  /** The body of the request. */
  readonly sent: string;
}

/** Request Timeout, Conflict, Too Early, Too Many Requests: the same request may succeed later. */
const PASSING = new Set([408, 409, 425, 429]);

/** OpenAI's code for an account without credit: a 429 that does not resolve within a run. */
const OUT_OF_MONEY = /insufficient_quota/;

/** TLS errors that a retry does not fix: the certificate does not match the host, or it is not trusted. */
const CERTIFICATE =
  /CERT|UNABLE_TO_(VERIFY|GET|DECODE)|CRL|ERR_TLS_CERT_ALTNAME_INVALID|HOSTNAME_MISMATCH|INVALID_(CA|PURPOSE)/;

/**
 * Classifies an unsuccessful answer. v0.2 sends every failed request three times; here a 4xx other than 408, 409, 425 and
 * 429 is permanent: the same request (with a wrong key or an unknown model) would fail again, after a useless wait and,
 * on some endpoints, at a price.
 */
export function failureOfAnswer(answer: Answer, nowMs: number): AgentFailure {
  if (saysContextLimit(answer.status, answer.text)) return { kind: "context_limit" };
  const passing = PASSING.has(answer.status) || answer.status >= 500;
  const { status } = answer;
  if (!passing || OUT_OF_MONEY.test(answer.text)) return { kind: "permanent", status };
  const wait = retryAfterMs(answer.header, nowMs);
  return { kind: "retryable", status, ...(wait !== undefined && { retryAfterMs: wait }) };
}

/**
 * Classifies an answer with a successful status but unexpected content. Some gateways report errors, including the
 * context limit, with status 200.
 */
export function failureOfMisfit(answer: Answer): AgentFailure {
  const reportsError = /"error"\s*:\s*[{"]/.test(answer.text);
  return reportsError && saysContextLimit(200, answer.text) ? { kind: "context_limit" } : { kind: "retryable" };
}

/** Classifies an error without an answer: network errors are temporary, refused certificates are not. */
export function failureOfFault(error: unknown): AgentFailure {
  const refusal = causes(error).find((cause) => cause instanceof ProxyRefusalError);
  if (refusal instanceof ProxyRefusalError) {
    return refusal.status >= 500 || PASSING.has(refusal.status) ? { kind: "retryable" } : { kind: "permanent" };
  }
  return isCertificateFault(error) ? { kind: "permanent" } : { kind: "retryable" };
}

/** Why a request got no answer, in one line, with advice if available. */
export function describeFault(error: unknown): string {
  const code = codeOf(error);
  const message = error instanceof Error && error.message !== "" ? error.message : (code ?? "unknown fault");
  const text = code === undefined || message.includes(code) ? message : `${message} (${code})`;
  if (!isCertificateFault(error)) return text;
  return `${text}: the certificate is not trusted; add its authority with NODE_EXTRA_CA_CERTS`;
}

function isCertificateFault(error: unknown): boolean {
  return CERTIFICATE.test(codeOf(error) ?? "");
}

function codeOf(error: unknown): string | undefined {
  const codes = causes(error).map((cause) => (cause as { code?: unknown }).code);
  return codes.find((code) => typeof code === "string");
}

/** The error and its causes, up to ten. */
function causes(error: unknown): Error[] {
  const chain: Error[] = [];
  for (let cause = error; cause instanceof Error && chain.length < 10; cause = cause.cause) chain.push(cause);
  return chain;
}
