import type { RawClient } from "./raw-client.js";

/** So many calls without one answer, and the rest need not be tried. */
const enough = 3;

/** Why it is no use to go on; undefined where it may be. */
export function hopelessness({ answered, unanswered }: RawClient): string | undefined {
  if (answered > 0 || unanswered < enough) return undefined;
  return `nothing was answered: ${unanswered} calls so far`;
}
