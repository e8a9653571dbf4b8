import { setTimeout as delay } from "node:timers/promises";
import { CodedError, type Message } from "@eval/protocol";
import { type Agent, agentFailureOf, type InferenceOptions } from "@eval/protocol/agent";
import { isOverload } from "../attempt/overload.js";
import { OverloadMeter } from "./overload-meter.js";

/** Maximum number of attempts at one turn, as in v0.2. */
const tries = 3;

/** The longest pause for an agent's Retry-After, in milliseconds. */
const maxPauseMs = 60_000;

/**
 * The agent's answer. A retryable failure is retried twice; the last failure is thrown. The meter records refusals of an
 * overloaded endpoint, even if a retry succeeds.
 */
export async function infer(
  agent: Agent,
  history: readonly Message[],
  signal: AbortSignal,
  meter = new OverloadMeter(),
  pause: (ms: number, signal: AbortSignal) => Promise<void> = (ms) => delay(ms, undefined, { signal }),
): Promise<string> {
  for (let attempt = 1; ; attempt++) {
    const sentAt = performance.now();
    const overloaded: InferenceOptions["overloaded"] = (notice) => meter.refused(sentAt, notice?.retryAfterMs);
    try {
      return assertText(await unlessAborted(agent.inference(history, { signal, overloaded }), signal));
    } catch (error) {
      const failure = agentFailureOf(error);
      if (failure.kind === "retryable" && isOverload(failure)) meter.refused(sentAt, failure.retryAfterMs);
      if (signal.aborted || failure.kind !== "retryable" || attempt === tries) throw error;
      const asked = Math.min(failure.retryAfterMs ?? 0, maxPauseMs);
      await pause(Math.max(asked, 1_000 * attempt * (0.75 + Math.random() / 2)), signal);
    }
  }
}

/** An agent may ignore the signal: the wait for it ends with the run. */
async function unlessAborted<T>(promise: T | Promise<T>, signal: AbortSignal): Promise<T> {
  let onAbort = () => {};
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason);
    signal.addEventListener("abort", onAbort);
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

function assertText(answer: unknown): string {
  if (typeof answer === "string") return answer;
  throw new CodedError("MODULE_INVALID", `inference() must resolve with a string, not ${typeof answer}`);
}
