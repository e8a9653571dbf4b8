/** An answer's header by its lower-case name. */
export type HeaderOf = (name: string) => string | undefined;

/**
 * How long the endpoint asks the client to wait, in milliseconds: `retry-after-ms`, else `retry-after` in seconds or as an
 * HTTP date. A date is compared with the answer's own `date` if present, so that a wrong clock does no harm, else with
 * `nowMs`. Undefined if there is no valid value.
 */
export function retryAfterMs(header: HeaderOf, nowMs: number): number | undefined {
  const milliseconds = decimal(header("retry-after-ms"));
  if (milliseconds !== undefined) return milliseconds;
  const value = header("retry-after");
  const seconds = decimal(value);
  if (seconds !== undefined) return seconds * 1000;
  const until = dateMs(value);
  if (until === undefined) return undefined;
  return Math.max(0, until - (dateMs(header("date")) ?? nowMs));
}

function decimal(text: string | undefined): number | undefined {
  return text !== undefined && /^\s*\d+(\.\d+)?\s*$/.test(text) ? Number(text) : undefined;
}

/** Only texts with the name of a month are parsed as dates, because `Date.parse` reads `-5` as a year. */
function dateMs(text: string | undefined): number | undefined {
  const time = text !== undefined && /[a-z]{3}/i.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(time) ? undefined : time;
}
