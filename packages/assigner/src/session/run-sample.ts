import { setTimeout as delay } from "node:timers/promises";
import { type Message, messageOf, type SampleIndex, type TaskOutput } from "@eval/protocol";
import { type Agent, type AgentFailure, agentFailureOf } from "@eval/protocol/agent";
import type { AgentOutput } from "@eval/protocol/task";
import type { AttemptOutcome } from "../attempt/attempt.js";
import type { Overload } from "../attempt/overload.js";
import type { RunError } from "../attempt/run-error.js";
import type { SampleLimits } from "../attempt/sample-limits.js";
import { failedOutput, isNetworkError, isNotAvailable } from "./controller-replies.js";
import { infer } from "./infer.js";
import { OverloadMeter } from "./overload-meter.js";
import { AttemptLife, TurnLimitError, turnsOf } from "./sample-limits.js";
import type { TaskClient } from "./task-client.js";
import type { StartedSession, StartOptions, TaskSession } from "./task-session.js";

export interface RunSampleOptions extends StartOptions {
  agent: Agent;
  task: Pick<TaskClient, "start">;
  index: SampleIndex;
  /** Default: none. */
  limits?: SampleLimits;
  /** Called at once when the agent's endpoint is overloaded; the outcome reports it again. */
  onOverload?: (overload: Overload) => void;
}

/**
 * How long an attempt that exceeded a limit waits for the end of its session, in milliseconds: a task that answers frees
 * its slot within this time, so that the next start finds it free; a task that hangs is not waited for.
 */
const cancelGraceMs = 250;

/**
 * One attempt at one sample: agent and session alternate until the session is no longer `running`. Never rejects. The
 * session is always ended on the other side before this resolves, except after a limit was exceeded: then that may
 * continue in the background (the task's client waits for it when it is closed).
 */
export async function runSample(options: RunSampleOptions): Promise<AttemptOutcome> {
  const life = new AttemptLife(options.signal, options.limits ?? {});
  try {
    return await new Attempt(options, life).run();
  } finally {
    life.close();
  }
}

class Attempt {
  /** The known state of the session, including the agent's turn without the task's reply. */
  #known: TaskOutput | null = null;
  #turns = 0;
  readonly #meter: OverloadMeter;
  #waitsFor: "the task to start it" | "the agent" | "the task" = "the task to start it";

  constructor(
    private readonly options: RunSampleOptions,
    private readonly life: AttemptLife,
  ) {
    this.#meter = new OverloadMeter(options.onOverload);
  }

  async run(): Promise<AttemptOutcome> {
    const started = await this.#start();
    if ("kind" in started) return started;
    const { session } = started;
    const outcome = await this.#converse(started);
    if (isLimit(outcome)) await Promise.race([endSession(session), delay(cancelGraceMs)]);
    else if (!isOver(outcome)) await session.cancel();
    if (outcome.kind !== "ended" && outcome.kind !== "failed") return outcome;
    const { overload } = this.#meter;
    return { ...outcome, sessionId: session.id, ...(overload && { overload }) };
  }

  async #start(): Promise<StartedSession | AttemptOutcome> {
    const { task, index, owner, leaseS } = this.options;
    const { life } = this;
    const starting = task.start(index, { owner, leaseS, signal: life.signal, stopped: this.options.signal });
    try {
      return await life.inTime(starting);
    } catch (error) {
      if (life.timeout) {
        // The session may have been opened nevertheless, and must be ended.
        starting.then(({ session }) => endSession(session)).catch(() => {});
        return this.#timedOut();
      }
      if (life.signal.aborted) return { kind: "stopped" };
      if (isNotAvailable(error)) return { kind: "not available" };
      return failed(isNetworkError(error) ? "NETWORK_ERROR" : "START_FAILED", error, null);
    }
  }

  async #converse({ session, output }: StartedSession): Promise<AttemptOutcome> {
    const { maxTurns = Number.POSITIVE_INFINITY } = this.options.limits ?? {};
    let current = output;
    while (current.status === "running") {
      this.#known = current;
      if (this.#turns >= maxTurns) return this.#outOfTurns(new TurnLimitError(maxTurns));
      const answer = await this.#answerTo(current);
      if ("kind" in answer) return answer;
      // An agent may return an answer because its signal aborted.
      if (this.life.signal.aborted) return this.#aborted();
      try {
        this.#handIn(answer, current);
        current = await this.life.inTime(session.interact(answer, this.life.signal));
      } catch (error) {
        return this.#interactFailure(error);
      }
    }
    return { kind: "ended", output: current };
  }

  async #answerTo({ history }: TaskOutput): Promise<AgentOutput | AttemptOutcome> {
    const { life } = this;
    this.#waitsFor = "the agent";
    if (life.signal.aborted) return this.#aborted();
    try {
      return { status: "normal", content: await infer(this.options.agent, history ?? [], life.signal, this.#meter) };
    } catch (error) {
      if (life.signal.aborted) return this.#aborted();
      const failure = agentFailureOf(error);
      if (failure.kind === "context_limit") return { status: "agent context limit", content: null };
      return {
        kind: "failed",
        error: "AGENT_FAILED",
        info: messageOf(error),
        output: null,
        agentFailure: plain(failure),
      };
    }
  }

  #handIn({ content }: AgentOutput, current: TaskOutput): void {
    this.#turns += 1;
    this.#waitsFor = "the task";
    if (content === null) return;
    const said: Message = { role: "agent", content };
    this.#known = { ...current, history: [...(current.history ?? []), said] };
  }

  #interactFailure(error: unknown): AttemptOutcome {
    if (this.life.signal.aborted) return this.#aborted();
    const output = failedOutput(error);
    if (output) return failed("TASK_ERROR", output.result, output);
    return failed(isNetworkError(error) ? "NETWORK_ERROR" : "INTERACT_FAILED", error, null);
  }

  #aborted(): AttemptOutcome {
    return this.life.timeout ? this.#timedOut() : { kind: "stopped" };
  }

  #timedOut(): AttemptOutcome {
    const why = `${messageOf(this.life.timeout)}; it was waiting for ${this.#waitsFor} after ${turnsOf(this.#turns)}`;
    return failed("SAMPLE_TIMEOUT", why, this.#known);
  }

  #outOfTurns(error: TurnLimitError): AttemptOutcome {
    this.life.end(error);
    return failed("TURN_LIMIT", error, this.#known);
  }
}

function isLimit(outcome: AttemptOutcome): boolean {
  return outcome.kind === "failed" && (outcome.error === "SAMPLE_TIMEOUT" || outcome.error === "TURN_LIMIT");
}

/** Whether the session ended by itself. */
function isOver(outcome: AttemptOutcome): boolean {
  return outcome.kind === "ended" || (outcome.kind === "failed" && outcome.error === "TASK_ERROR");
}

async function endSession(session: TaskSession): Promise<void> {
  await session.cancel().catch(() => {});
}

/** An author's object may contain anything; this one can be serialized. */
function plain(failure: AgentFailure): AgentFailure {
  if (failure.kind === "context_limit") return { kind: failure.kind };
  const { kind, status } = failure;
  return { kind, ...(typeof status === "number" && { status }) };
}

function failed(error: RunError, why: unknown, output: TaskOutput | null): AttemptOutcome {
  return { kind: "failed", error, info: messageOf(why), output };
}
