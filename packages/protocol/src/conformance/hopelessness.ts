import type { RawClient } from "./raw-client.js";

/** After this many requests without an answer, the remaining checks are skipped. */
const enough = 3;

/** Why the remaining checks are pointless; undefined if they are not. */
export function hopelessness({ answered, unanswered }: RawClient): string | undefined {
  if (answered > 0 || unanswered < enough) return undefined;
  return `none of the ${unanswered} requests so far was answered`;
}
