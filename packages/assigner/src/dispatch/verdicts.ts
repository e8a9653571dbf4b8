import type { AgentFailure } from "@eval/protocol/agent";
import type { EndedAttempt } from "./attempt.js";
import type { Verdict } from "./circuit.js";

const good: Verdict = { kind: "good" };
const neutral: Verdict = { kind: "neutral" };

/** By these an endpoint judges the one request, not the sender: it works. */
const ownFault: ReadonlySet<number> = new Set([400, 413, 422]);

/** Statuses that say: too much at once. */
const overloadStatuses: ReadonlySet<number> = new Set([429, 503]);

/** The part of a message that makes failures alike: without numbers, and not all of a long one. */
const shapeCharacters = 120;

/** Whether an agent's failure means that its endpoint is overloaded: HTTP 429 or 503. */
export function isOverload(failure: AgentFailure | undefined): boolean {
  return failure?.kind === "retryable" && failure.status !== undefined && overloadStatuses.has(failure.status);
}

/**
 * What an attempt says of its agent and of its task. Only what is wrong with the infrastructure is bad, and each failure
 * is put down to one side: an agent that fails does not speak against the task, nor a task against the agent.
 */
export function verdictsOf(outcome: EndedAttempt): { agent: Verdict; task: Verdict } {
  if (outcome.kind === "ended") {
    return outcome.output.status === "task error" ? { agent: neutral, task: neutral } : { agent: good, task: good };
  }
  const { error, info } = outcome;
  switch (error) {
    case "AGENT_FAILED":
      return { agent: verdictOnAgent(outcome.agentFailure, info), task: good };
    case "NETWORK_ERROR":
      return { agent: neutral, task: { kind: "bad", reason: error, text: error } };
    case "START_FAILED":
    case "INTERACT_FAILED":
      return { agent: neutral, task: { kind: "bad", reason: `${error} ${shapeOf(info)}`, text: error } };
    case "TURN_LIMIT":
      return { agent: good, task: good };
    default:
      return { agent: neutral, task: neutral };
  }
}

function verdictOnAgent(failure: AgentFailure | undefined, info: string): Verdict {
  const status = failure === undefined || failure.kind === "context_limit" ? undefined : failure.status;
  if (failure?.kind === "permanent" && status !== undefined) {
    if (ownFault.has(status)) return good;
    return { kind: "bad", reason: `status ${status}`, text: `AGENT_FAILED: it answers ${status}` };
  }
  if (failure?.kind === "retryable") {
    if (status === 429) return { kind: "bad", reason: "429", text: "AGENT_FAILED: it answers 429, too many requests" };
    return { kind: "bad", reason: "away", text: "AGENT_FAILED: it gives no usable answer" };
  }
  return { kind: "bad", reason: shapeOf(info), text: "AGENT_FAILED, always alike" };
}

function shapeOf(message: string): string {
  return message.replace(/\d+/g, "#").slice(0, shapeCharacters);
}
