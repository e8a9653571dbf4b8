import type { Json } from "@eval/protocol";
import type { AgentFailure } from "@eval/protocol/agent";
import type { EndedAttempt } from "../attempt/attempt.js";
import type { Evidence } from "./circuit.js";

const good: Evidence = { kind: "good" };
const neutral: Evidence = { kind: "neutral" };

/** By these an endpoint judges the one request, not the sender: it works. */
const ownFault: ReadonlySet<number> = new Set([400, 413, 422]);

/** The part of a message that makes failures alike: without what names a single case, and not all of a long one. */
const shapeCharacters = 120;

/** UUIDs, long hexadecimal numbers, and words with a digit in them. */
const names = [/\b[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}\b/gi, /\b[\da-f]{8,}\b/gi, /\b[\w-]*\d[\w-]*/g];

/**
 * What an attempt says of its agent and of its task. Only what is wrong with the infrastructure is bad, and each failure
 * is put down to one side: an agent that fails does not speak against the task, nor a task against the agent.
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
    return { kind: "bad", reason: `status ${status}`, text: `AGENT_FAILED: it answers ${status}` };
  }
  if (failure?.kind === "retryable") {
    if (status === 429) return { kind: "bad", reason: "429", text: "AGENT_FAILED: it answers 429, too many requests" };
    return { kind: "bad", reason: "away", text: "AGENT_FAILED: it gives no usable answer" };
  }
  return { kind: "bad", reason: shapeOf(info), text: "AGENT_FAILED, always alike" };
}

/** What a task makes of one sample says little; the same of all of them, that it lacks something itself. */
function taskError(result: Json | undefined): Evidence {
  const message = typeof result === "string" ? result : (JSON.stringify(result) ?? "");
  return { kind: "bad", reason: `task error ${shapeOf(message)}`, text: "task error, always alike" };
}

function shapeOf(message: string): string {
  const start = message.slice(0, 8 * shapeCharacters);
  return names.reduce((text, name) => text.replace(name, "#"), start).slice(0, shapeCharacters);
}
