import { setTimeout as delay } from "node:timers/promises";
import { CallFailure } from "./check.js";

/** How long something may take to show after the reply that it follows from, in milliseconds. */
export const settleMs = 3_000;

/** Tries until it succeeds; rejects as the last try did, and at once where a call was not answered. */
export async function settled<Value>(attempt: () => Promise<Value>, withinMs = settleMs): Promise<Value> {
  const end = performance.now() + withinMs;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (performance.now() > end || error instanceof CallFailure) throw error;
    }
    await delay(50);
  }
}
