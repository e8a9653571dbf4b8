import type { Json } from "@eval/protocol";
import type { AgentFailure } from "@eval/protocol/agent";
import type { EndedAttempt } from "../attempt/attempt.js";
import type { Evidence } from "./circuit.js";

const good: Evidence = { kind: "good" };
const neutral: Evidence = { kind: "neutral" };

/** With these statuses an endpoint refuses the single request, not the sender: the endpoint works. */
const ownFault: ReadonlySet<number> = new Set([400, 413, 422]);

/** Length of the part of a message by which failures are compared, after names of single cases are removed. */
const shapeCharacters = 120;

/** UUIDs, long hexadecimal numbers, and words that contain a digit. */
const names = [/\b[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}\b/gi, /\b[\da-f]{8,}\b/gi, /\b[\w-]*\d[\w-]*/g];

/**
 * Classifies an attempt as evidence about its agent and its task. Only infrastructure failures are bad, and each failure
 * counts for one side: an agent's failure is no evidence against the task, nor a task's failure against the agent.
 */
export function evidenceOf(outcome: EndedAttempt): { agent: Evidence; task: Evidence } {
  if (outcome.kind === "ended") {
    const { status, result } = outcome.output;
    return status === "task error" ? { agent: neutral, task: taskError(result) } : { agent: good, task: good };
  }
  const { error, info } = outcome;
  switch (error) {
    case "AGENT_FAILED":
      return { agent: evidenceOnAgent(outcome.agentFailure, info), task: good };
    case "NETWORK_ERROR":
      return { agent: neutral, task: { kind: "bad", reason: error, text: error } };
    case "START_FAILED":
    case "INTERACT_FAILED":
      return { agent: neutral, task: { kind: "bad", reason: `${error} ${shapeOf(info)}`, text: error } };
    case "TASK_ERROR":
      return { agent: neutral, task: taskError(outcome.output?.result ?? info) };
    case "TURN_LIMIT":
      return { agent: good, task: good };
    default:
      return { agent: neutral, task: neutral };
  }
}

function evidenceOnAgent(failure: AgentFailure | undefined, info: string): Evidence {
  const status = failure === undefined || failure.kind === "context_limit" ? undefined : failure.status;
  if (failure?.kind === "permanent" && status !== undefined) {
    if (ownFault.has(status)) return good;
    return { kind: "bad", reason: `status ${status}`, text: `AGENT_FAILED: HTTP status ${status}` };
  }
  if (failure?.kind === "retryable") {
    if (status === 429) return { kind: "bad", reason: "429", text: "AGENT_FAILED: HTTP status 429, too many requests" };
    return { kind: "bad", reason: "no usable answer", text: "AGENT_FAILED: no usable answer" };
  }
  return { kind: "bad", reason: shapeOf(info), text: "AGENT_FAILED, each time with the same message" };
}

/** The error of one sample may be its own; the same error for all samples shows that the task itself is broken. */
function taskError(result: Json | undefined): Evidence {
  const message = typeof result === "string" ? result : (JSON.stringify(result) ?? "");
  return { kind: "bad", reason: `task error ${shapeOf(message)}`, text: "task error, each time with the same message" };
}

function shapeOf(message: string): string {
  const start = message.slice(0, 8 * shapeCharacters);
  return names.reduce((text, name) => text.replace(name, "#"), start).slice(0, shapeCharacters);
}
