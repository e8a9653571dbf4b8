import { setTimeout as sleep } from "node:timers/promises";

/** Asks until there is an answer. Rejects after the deadline, with what `state` then says. */
export async function waitFor<Value>(
  what: string,
  ask: () => Value | undefined | false | Promise<Value | undefined | false>,
  state: () => string = () => "",
  deadlineMs = 60_000,
): Promise<Value> {
  const deadline = performance.now() + deadlineMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (performance.now() > deadline)
      throw new Error(`timed out after ${deadlineMs} ms while waiting for ${what}\n${state()}`);
    await sleep(20);
  }
}
