import type { AgentFailure } from "@eval/protocol/agent";

/** Statuses that say: too much at once. */
const overloadStatuses: ReadonlySet<number> = new Set([429, 503]);

/** What an agent's endpoint said of being overloaded (HTTP 429 or 503) while one attempt ran. Structured-cloneable. */
export interface Overload {
  /** Requests that it refused so; those that a later try made good among them. */
  count: number;
  /** How long ago the last one of them was sent, in milliseconds. */
  sentAgoMs: number;
  /** How much longer it wants to be left alone, in milliseconds; undefined where it did not say. */
  retryAfterMs?: number | undefined;
}

/** Whether an agent's failure means that its endpoint is overloaded: HTTP 429 or 503. */
export function isOverload(failure: AgentFailure | undefined): boolean {
  return failure?.kind === "retryable" && failure.status !== undefined && overloadStatuses.has(failure.status);
}
