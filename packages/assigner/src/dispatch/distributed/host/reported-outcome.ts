import type { AttemptOutcome } from "../../../attempt/attempt.js";
import { Fenced } from "./lock-keeper.js";

/**
 * What a host reports of an attempt. `reason`: why the host itself ended it, if it did. That counts as a loss, so that a
 * sample that always breaks its host has an end; not where it is the Redis that was away.
 * @param redact takes out this host's secrets, which are known here alone
 */
export function reported(outcome: AttemptOutcome, reason: unknown, redact: (text: string) => string): AttemptOutcome {
  if (outcome.kind === "failed") return { ...outcome, info: redact(outcome.info) };
  if (outcome.kind !== "stopped" || !(reason instanceof Fenced) || reason.isOutage) return outcome;
  return { kind: "lost", info: `its runner host ended it: ${reason.message}` };
}
