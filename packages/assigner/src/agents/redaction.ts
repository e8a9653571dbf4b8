import { isMapping } from "./parameters.js";
import { basicCredentials, decoded } from "./url-credentials.js";

const SECRET_KEY = /key|token|secret|passw|credential|auth|cookie|session/i;
/** Counts, not secrets: max_tokens and similar keys. */
const COUNT_KEY = /tokens$/i;
/** Request headers whose values are never secret. */
export const PLAIN_HEADERS = new Set(["accept", "accept-encoding", "accept-language", "content-type", "user-agent"]);
/** Minimum length of a secret: shorter ones would mask ordinary words. */
const MIN_LENGTH = 4;
const EXCERPT_LENGTH = 300;

/** Removes secret values from texts of messages. */
export class Redactor {
  readonly #secrets: readonly string[];

  constructor(secrets: Iterable<string>) {
    const forms = [...secrets].flatMap((secret) => [secret, jsonForm(secret), urlForm(secret)]);
    const distinct = new Set(forms.filter((form) => form.length >= MIN_LENGTH));
    // The longest first, because a secret may be part of another one.
    this.#secrets = [...distinct].sort((one, other) => other.length - one.length);
  }

  redact(text: string): string {
    return this.#secrets.reduce((result, secret) => result.replaceAll(secret, "***"), text);
  }

  /** The beginning of the text, on one line. Secrets are removed first, because truncating could leave half of one. */
  excerpt(text: string): string {
    const line = this.redact(text).replace(/\s+/g, " ").trim();
    if (line === "") return "(empty)";
    const characters = [...line.slice(0, 2 * EXCERPT_LENGTH)];
    return characters.length > EXCERPT_LENGTH ? `${characters.slice(0, EXCERPT_LENGTH).join("")}...` : line;
  }
}

/** Header values that may be secret: all but a few known ones. For `Bearer x`, both the whole value and `x`. */
export function secretsOfHeaders(headers: Record<string, string>): string[] {
  return Object.entries(headers)
    .filter(([name]) => !PLAIN_HEADERS.has(name.toLowerCase()))
    .flatMap(([, value]) => [value, value.slice(value.indexOf(" ") + 1)]);
}

/** A URL's credentials and the values of its query, encoded and decoded. */
export function secretsOfUrl(url: URL): string[] {
  const credentials = [url.username, url.password].flatMap((part) => [part, decoded(part)]);
  return [...credentials, basicCredentials(url)?.slice("Basic ".length) ?? "", ...url.searchParams.values()];
}

/** Strings under keys that name a secret, at any depth. */
export function secretsOfBody(value: unknown, secret = false): string[] {
  if (typeof value === "string") return secret ? [value] : [];
  if (Array.isArray(value)) return value.flatMap((item) => secretsOfBody(item, secret));
  if (!isMapping(value)) return [];
  return Object.entries(value).flatMap(([key, item]) =>
    secretsOfBody(item, secret || (SECRET_KEY.test(key) && !COUNT_KEY.test(key))),
  );
}

function jsonForm(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

/** A text that cannot be encoded (because of an unpaired surrogate) is not changed. */
function urlForm(text: string): string {
  try {
    return encodeURIComponent(text);
  } catch {
    return text;
  }
}
