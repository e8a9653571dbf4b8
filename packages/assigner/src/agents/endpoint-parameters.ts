import { validateHeaderName, validateHeaderValue } from "node:http";
import { kindOf, type Mapping, type ParameterReader } from "./parameters.js";
import { type Proxies, readProxies } from "./proxies.js";

/** v0.2's time limit for a request, in seconds. */
const DEFAULT_TIMEOUT_S = 120;

/** The common parameters of HTTP agents. */
export interface EndpointParameters {
  headers: Record<string, string>;
  proxies: Proxies;
  timeoutMs: number;
}

/** Reads `headers`, `proxies` and `timeout_s`. */
export function readEndpointParameters(reader: ParameterReader): EndpointParameters {
  return {
    headers: readHeaders(reader, reader.mapping("headers")),
    proxies: reader.attempt("proxies", () => readProxies(reader.mapping("proxies"))) ?? new Map(),
    timeoutMs: reader.seconds("timeout_s", DEFAULT_TIMEOUT_S) * 1000,
  };
}

/** Reads an http or https address; the placeholder for an invalid one is never used, because the reader throws then. */
export function readUrl(reader: ParameterReader, key: string, fallback?: string): URL {
  const address = reader.text(key, fallback);
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url?.protocol === "http:" || url?.protocol === "https:") return url;
  if (address !== "" || fallback !== undefined) reader.report(key, "must be an http:// or https:// address");
  return new URL("http://invalid");
}

/** A null header is omitted. Numbers are refused: YAML may have changed their notation. */
function readHeaders(reader: ParameterReader, setting: Mapping): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(setting)) {
    if (value === null) continue;
    const key = `headers.${name}`;
    if (typeof value !== "string") reader.report(key, `must be a string (put it in quotes), not ${kindOf(value)}`);
    else if (!isHeaderName(name)) reader.report(key, "is not a valid header name");
    else if (!isHeaderValue(name, value)) reader.report(key, "contains a character that is not allowed in headers");
    else headers[name] = value;
  }
  return headers;
}

function isHeaderName(name: string): boolean {
  return passes(() => validateHeaderName(name));
}

function isHeaderValue(name: string, value: string): boolean {
  return passes(() => validateHeaderValue(name, value));
}

function passes(check: () => void): boolean {
  try {
    check();
    return true;
  } catch {
    return false;
  }
}
