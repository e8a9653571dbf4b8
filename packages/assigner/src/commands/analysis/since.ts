import { CodedError } from "@eval/protocol";

/** Missing parts default to the start of the period. */
const date = /^(\d{4})-(\d{1,2})(?:-(\d{1,2})(?:[ T](\d{1,2}):(\d{1,2}):(\d{1,2}))?)?$/;
const age = /^(\d+\.?\d*|\.\d+)\s*([dhms])$/;
const seconds = /^-?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const unitMs: Record<string, number> = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000 };

/**
 * Parses a time in the formats of v0.2's analysis, to milliseconds since 1970: seconds since 1970; a local
 * `2024-01-31 23:59:59`, `2024-01-31` or `2024-01`; an age (`2d`, `12h`, `30m`, `90s`; m is minutes). Throws USAGE.
 */
export function parseSince(text: string, now: number): number {
  const trimmed = text.trim();
  const found = seconds.test(trimmed) ? Number(trimmed) * 1000 : (dateOf(trimmed) ?? ageOf(trimmed, now));
  if (found !== undefined) return found;
  const forms =
    "seconds since 1970, a local 2024-01, 2024-01-31 or '2024-01-31 23:59:59', or an age such as 2d, 12h, 30m";
  throw new CodedError("USAGE", `--time: ${JSON.stringify(text)} is not a time; expected ${forms}`);
}

function dateOf(text: string): number | undefined {
  const found = date.exec(text);
  if (found === null) return undefined;
  const part = (at: number, otherwise: number) => Number(found[at] ?? otherwise);
  const [month, day] = [part(2, 1), part(3, 1)];
  const [hour, minute, second] = [part(4, 0), part(5, 0), part(6, 0)];
  const time = new Date(part(1, 1970), month - 1, day, hour, minute, second);
  // JavaScript turns February 30 into March 1.
  const isReal = time.getMonth() === month - 1 && time.getDate() === day && hour < 24 && minute < 60 && second < 60;
  return isReal ? time.getTime() : undefined;
}

function ageOf(text: string, now: number): number | undefined {
  const [, count, unit = ""] = age.exec(text) ?? [];
  return count === undefined ? undefined : now - Number(count) * (unitMs[unit] ?? 0);
}
