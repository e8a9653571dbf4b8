import { CodedError, isCodedError } from "../error.js";
import { messageOf } from "../error-message.js";
import { redact } from "./secrets.js";

/**
 * An error of a module that was given secrets, as it may be shown: the same one where it tells none; else a new one with
 * the same code, status and retry time, whose message and stack hold those of its causes.
 */
export function redactError(error: unknown, secrets: readonly string[]): unknown {
  const [message, stack] = [messageOf(error), stackOf(error)];
  const [shown, shownStack] = [redact(message, secrets), redact(stack, secrets)];
  if (shown === message && shownStack === stack) return error;
  const hidden = isCodedError(error) ? likeOf(error, shown) : new Error(shown);
  hidden.stack = shownStack;
  return hidden;
}

function likeOf({ code, status, retryAfterS }: CodedError, message: string): CodedError {
  return new CodedError(code, message, { status, ...(retryAfterS !== undefined && { retryAfterS }) });
}

/** Causes may go round in a circle. */
function stackOf(error: unknown): string {
  const chain = new Set<Error>();
  for (let one = error; one instanceof Error && !chain.has(one); one = one.cause) chain.add(one);
  return [...chain].map((one) => String(one.stack ?? one.message)).join("\ncaused by ");
}
