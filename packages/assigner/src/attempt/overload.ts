import type { AgentFailure } from "@eval/protocol/agent";

/** Statuses of an overloaded endpoint. */
const overloadStatuses: ReadonlySet<number> = new Set([429, 503]);

/** Refusals of an overloaded agent endpoint (HTTP 429 or 503) during one attempt. Structured-cloneable. */
export interface Overload {
  /** Number of refused requests, including those that succeeded on a retry. */
  count: number;
  /** How long ago the last refused request was sent, in milliseconds. */
  sentAgoMs: number;
  /** The rest of the pause that the endpoint requested, in milliseconds; undefined if it requested none. */
  retryAfterMs?: number | undefined;
}

/** Whether an agent's failure means that its endpoint is overloaded: HTTP 429 or 503. */
export function isOverload(failure: AgentFailure | undefined): boolean {
  return failure?.kind === "retryable" && failure.status !== undefined && overloadStatuses.has(failure.status);
}
