import type { Message } from "./message.js";
import type { BuildContext } from "./task.js";

export type { BuildContext, Message };

/**
 * The system under test: answers messages. The interface is structural: any object of this shape is an agent, and
 * an agent's file needs no import.
 */
export interface Agent {
  /**
   * The agent's next message. `history` ends with a message of the role `user`. Reject with an error that has a
   * {@link AgentFailure} in its `failure` property to say what kind of failure it was; any other error is permanent.
   * `signal` aborts when the answer is no longer needed: the run was stopped, or the sample's time is up (its
   * reason is then an error named `SampleTimeoutError`). An agent that ignores the signal keeps running, but its answer is ignored.
   */
  inference(history: readonly Message[], options: InferenceOptions): Promise<string>;
}

/** What an agent is given with each message. */
export interface InferenceOptions {
  signal: AbortSignal;
  /**
   * For an agent that tries again by itself: to be called each time its endpoint says that it is overloaded (HTTP 429
   * or 503), also when a later try succeeds, so that fewer samples are given to this agent, and none before
   * `retryAfterMs` milliseconds from now. An agent that rejects with a `retryable` failure of such a `status` need not
   * call it.
   */
  overloaded?: (notice?: { retryAfterMs?: number | undefined }) => void;
}

/**
 * Why an agent gave no answer:
 * - `context_limit`: the history is too long for it; the task is told, and the sample ends with that status;
 * - `retryable`: overload or a network fault; the same turn is tried again, after `retryAfterMs` if given;
 * - `permanent`: trying again cannot help (a wrong key, a refused request).
 *
 * `status`: the HTTP status that the endpoint answered with. 429 and 503 on a `retryable` failure mean that it is
 * overloaded: fewer samples are given to the agent for a while. Many failures of one status in a row mean that it is
 * not to be had, but for 400, 413 and 422, which judge the one request.
 */
export type AgentFailure =
  | { kind: "context_limit" }
  | { kind: "retryable"; retryAfterMs?: number; status?: number }
  | { kind: "permanent"; status?: number };

/** A convenient error for agents in TypeScript; a plain Error with a `failure` property does as well. */
export class AgentError extends Error {
  override readonly name = "AgentError";
  constructor(
    message: string,
    readonly failure: AgentFailure,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** The failure that an error of an agent stands for; `permanent` where it does not say. */
export function agentFailureOf(error: unknown): AgentFailure {
  const failure = (error as { failure?: AgentFailure } | null | undefined)?.failure;
  if (failure?.kind === "context_limit" || failure?.kind === "retryable") return failure;
  return { kind: "permanent", ...(typeof failure?.status === "number" && { status: failure.status }) };
}
