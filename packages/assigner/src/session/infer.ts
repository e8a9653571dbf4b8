import { setTimeout as delay } from "node:timers/promises";
import { CodedError, type Message } from "@eval/protocol";
import { type Agent, agentFailureOf, type InferenceOptions } from "@eval/protocol/agent";
import { isOverload } from "../attempt/overload.js";
import { OverloadMeter } from "./overload-meter.js";

/** Tries of one turn, as v0.2 has it. */
const tries = 3;

/** The longest pause that an agent's Retry-After gets, in milliseconds. */
const maxPauseMs = 60_000;

/**
 * The agent's answer. A retryable failure is tried again, twice; the last failure is thrown. What its endpoint refused as
 * too much goes to the meter, also where a later try succeeds.
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

/** An agent may not look at the signal: nobody waits for it longer than the run does. */
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
  throw new CodedError("MODULE_INVALID", `inference() must resolve with a text, not ${typeof answer}`);
}
