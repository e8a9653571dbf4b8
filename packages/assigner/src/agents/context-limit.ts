/** v0.2's rule: a word for the limited quantity, and a word for exceeding the limit. */
const SUBJECT = /prompt|context|tokens|input is too long/;
const PAST_LIMIT =
  /limit|exceed|max|(?<![a-z]|no )long|much|many|(?<![a-z])reach|(?<![a-z])over(?!load|rid)|(?<![a-z])up to|beyond|too (large|big)|must be <=|at most/;

/**
 * Phrases that match both kinds of words but mean something else: names of parameters that limit the answer (a refused
 * `max_tokens` is a configuration error), and the time-out of a Go server.
 */
const MISLEADING = /max_(\w+_)?tokens|completion[ _]tokens|context deadline exceeded|context cancell?ed/g;

/** Providers' error codes for this case. */
const CODES = /context_length_exceeded|context_window_exceeded|contextwindowexceeded|exceed_context_size/;

/** Rate limits are counted in tokens too, but are temporary; a request that exceeds the whole allowance is not. */
const RATE = /rate.?limit|quota|(per|a|\/) ?(second|sec|minute|min|hour|day)|\b(tpm|rpm|tpd|rpd)\b|resource_exhausted/;
const TOO_LARGE_FOR_RATE = /request too large/;

/** These statuses are about the key, the account or the address, whatever their texts contain. */
const NOT_ABOUT_LENGTH = new Set([401, 402, 403, 404, 405, 407, 408]);

/**
 * Whether an answer reports that the conversation is too long for the agent. `status` is the HTTP status; 200 means an
 * error reported inside a successful answer.
 */
export function saysContextLimit(status: number, text: string): boolean {
  const words = text.toLowerCase();
  if (NOT_ABOUT_LENGTH.has(status) || (status >= 300 && status < 400)) return false;
  if (CODES.test(words)) return true;
  // An HTML page of a gateway, not the agent's own message.
  if (words.trimStart().startsWith("<")) return false;
  const overload = status === 200 || status === 429 || status >= 500;
  if (overload && RATE.test(words) && !TOO_LARGE_FOR_RATE.test(words)) return false;
  const plain = words.replace(MISLEADING, " ");
  return SUBJECT.test(plain) && PAST_LIMIT.test(plain);
}
