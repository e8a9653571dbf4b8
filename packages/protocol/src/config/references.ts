import { envReferenceStart } from "./env-reference.js";
import type { KeyPath } from "./key-path.js";
import { mapTexts } from "./mapping.js";
import { ConfigProblems } from "./problems.js";

export type Environment = Readonly<Record<string, string | undefined>>;

export interface ResolveEnvOptions {
  /** The file that messages name. */
  source?: string | undefined;
  /** The position of `value` in the file, for messages. Default: the top. */
  path?: KeyPath | undefined;
}

/**
 * Replaces `${env:NAME}` and `${env:NAME:-fallback}` in every text of a tree; the input is not changed. The result of
 * a reference is always a string. As in a shell, the fallback replaces a variable that is unset or empty.
 * Throws CONFIG_INVALID that lists every variable without a value and every malformed reference.
 */
export function resolveEnvReferences<Value>(value: Value, env: Environment, options: ResolveEnvOptions = {}): Value {
  const problems = new ConfigProblems(options.source);
  const resolved = mapTexts(value, (text, path) =>
    resolveText(text, env, (message) => problems.add([...(options.path ?? []), ...path], message)),
  );
  problems.throwIfAny();
  return resolved as Value;
}

function resolveText(text: string, env: Environment, report: (message: string) => void): string {
  return text.replaceAll(envReferenceStart, (whole, inside: string, end: string) => {
    const parts = /^([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/s.exec(inside);
    if (parts === null || end === "") {
      report(`malformed reference ${JSON.stringify(whole)}; write \${env:NAME} or \${env:NAME:-fallback}`);
      return whole;
    }
    const [, name = "", fallback] = parts;
    const found = Object.hasOwn(env, name) ? env[name] : undefined;
    if (fallback !== undefined) return found === undefined || found === "" ? fallback : found;
    if (found !== undefined) return found;
    report(`the environment variable ${name} is not set; set it, or add a fallback: \${env:${name}:-fallback}`);
    return whole;
  });
}
