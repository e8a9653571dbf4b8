import { envReference } from "./env-reference.js";
import { formatKeyPath } from "./key-path.js";
import { isMapping } from "./mapping.js";
import { holdsSecretMapping, isSecretKey } from "./secret-keys.js";

const mask = "***";

/** Values that local servers are given because something must stand there; they protect nothing. */
const placeholder = /^(none|null|empty|dummy|unused|not-needed|-|\*{3})?$/i;

/**
 * `scheme://user:password@`, up to the last `@` before the path. It begins at the `://`, and what follows holds no slash:
 * no character is looked at from more than one beginning, however long the text.
 */
const urlPassword = /((?<=[a-z0-9+.-]):\/\/[^\s/:@?#]*:)([^\s/?#]+)(?=@)/gi;

const queryValue = /([?&]([\w.-]+)=)([^&\s#]+)/g;

type Visit = (secret: string, where: (string | number)[]) => string;

export interface Masked<Value> {
  value: Value;
  /** Key paths of the replaced values. */
  masked: string[];
}

/**
 * Replaces literal secrets by `***`: texts and numbers under keys that hold secrets, and passwords inside URLs.
 * `${env:NAME}` references stay; a fallback inside one does not. The input is not changed.
 */
export function maskSecrets<Value>(value: Value): Masked<Value> {
  const masked = new Set<string>();
  const visit: Visit = (secret, where) => {
    const shown = maskLiteral(secret);
    if (shown !== secret) masked.add(formatKeyPath(where));
    return shown;
  };
  return { value: walk(value, visit, [], false) as Value, masked: [...masked] };
}

/** The secrets of a configuration whose references are resolved, for {@link redact}. */
export function collectSecrets(value: unknown): string[] {
  const secrets = new Set<string>();
  const visit: Visit = (secret) => {
    const bare = secret.replace(/^(bearer|basic|token)\s+/i, "");
    if (!placeholder.test(bare)) secrets.add(bare);
    return secret;
  };
  walk(value, visit, [], false);
  return [...secrets];
}

/** Replaces every occurrence of the given secrets in a text. Secrets shorter than four characters are not replaced. */
export function redact(text: string, secrets: readonly string[]): string {
  const longestFirst = secrets.filter((secret) => secret.length >= 4).sort((a, b) => b.length - a.length);
  let redacted = text;
  for (const secret of longestFirst) {
    redacted = redacted.replaceAll(secret, mask);
    const encoded = encodeURIComponent(secret);
    if (encoded !== secret) redacted = redacted.replaceAll(encoded, mask);
  }
  return redacted;
}

function walk(value: unknown, visit: Visit, path: (string | number)[], secret: boolean): unknown {
  if (typeof value === "string") return secret ? visit(value, path) : visitUrls(value, visit, path);
  if (typeof value === "number" && secret) {
    const seen = visit(String(value), path);
    return seen === String(value) ? value : seen;
  }
  if (Array.isArray(value)) return value.map((item, position) => walk(item, visit, [...path, position], secret));
  if (!isMapping(value)) return value;
  const inherited = secret && holdsSecretMapping(String(path.at(-1)));
  const entries = Object.entries(value).map(([key, item]) => {
    const inside = inherited || isSecretKey(key);
    return [key, walk(item, visit, [...path, key], isMapping(item) && !inherited ? holdsSecretMapping(key) : inside)];
  });
  return Object.fromEntries(entries);
}

function visitUrls(text: string, visit: Visit, path: (string | number)[]): string {
  return text
    .replace(urlPassword, (_, before: string, password: string) => before + visit(password, path))
    .replace(queryValue, (whole, before: string, name: string, found: string) =>
      name === "key" || isSecretKey(name) ? before + visit(found, path) : whole,
    );
}

/** A text keeps its references and the name of the scheme; everything else in it is the secret. */
function maskLiteral(text: string): string {
  const literal = text.replaceAll(envReference, "").replace(/^\s*(bearer|basic|token)\s+/i, "");
  if (!placeholder.test(literal.trim())) return mask;
  return text.replaceAll(envReference, (whole, name: string, fallback: string | undefined) =>
    fallback === undefined || placeholder.test(fallback) ? whole : `\${env:${name}:-${mask}}`,
  );
}
