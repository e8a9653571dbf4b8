import { messageOf, type SampleIndex, type TaskOutput } from "@eval/protocol";
import { type Agent, agentFailureOf } from "@eval/protocol/agent";
import type { AgentOutput } from "@eval/protocol/task";
import type { AttemptOutcome } from "../dispatch/attempt.js";
import type { RunError } from "../results/journal-record.js";
import { failedOutput, isNetworkError, isNotAvailable } from "./controller-replies.js";
import { infer } from "./infer.js";
import type { StartedSession, StartOptions, TaskClient } from "./task-client.js";

export interface RunSampleOptions extends StartOptions {
  agent: Agent;
  task: Pick<TaskClient, "start">;
  index: SampleIndex;
}

/**
 * One attempt at one sample: agent and session in turn until the session is not `running` any more. Never rejects;
 * whatever goes wrong, the session is ended on the other side before this resolves.
 */
export async function runSample(options: RunSampleOptions): Promise<AttemptOutcome> {
  const { task, index, signal } = options;
  let started: StartedSession;
  try {
    started = await task.start(index, options);
  } catch (error) {
    if (signal.aborted) return { kind: "stopped" };
    if (isNotAvailable(error)) return { kind: "not available" };
    return failed(isNetworkError(error) ? "NETWORK_ERROR" : "START_FAILED", error, null);
  }
  const outcome = await converse(options.agent, started, signal);
  const isOver = outcome.kind === "ended" || (outcome.kind === "failed" && outcome.output !== null);
  if (!isOver) await started.session.cancel();
  return outcome.kind === "ended" || outcome.kind === "failed"
    ? { ...outcome, sessionId: started.session.id }
    : outcome;
}

async function converse(agent: Agent, { session, output }: StartedSession, signal: AbortSignal) {
  let current = output;
  while (current.status === "running") {
    const answer = await answerOf(agent, current, signal);
    if ("kind" in answer) return answer;
    try {
      current = await session.interact(answer, signal);
    } catch (error) {
      return interactFailure(error, signal);
    }
  }
  return { kind: "ended", output: current } as const;
}

async function answerOf(agent: Agent, output: TaskOutput, signal: AbortSignal): Promise<AgentOutput | AttemptOutcome> {
  if (signal.aborted) return { kind: "stopped" };
  try {
    return { status: "normal", content: await infer(agent, output.history ?? [], signal) };
  } catch (error) {
    if (signal.aborted) return { kind: "stopped" };
    if (agentFailureOf(error).kind !== "context_limit") return failed("AGENT_FAILED", error, null);
    return { status: "agent context limit", content: null };
  }
}

function interactFailure(error: unknown, signal: AbortSignal): AttemptOutcome {
  if (signal.aborted) return { kind: "stopped" };
  const output = failedOutput(error);
  if (output) return failed("TASK_ERROR", output.result, output);
  return failed(isNetworkError(error) ? "NETWORK_ERROR" : "INTERACT_FAILED", error, null);
}

function failed(error: RunError, why: unknown, output: TaskOutput | null): AttemptOutcome {
  return { kind: "failed", error, info: messageOf(why), output };
}
