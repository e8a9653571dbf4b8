import { AgentError } from "@eval/protocol/agent";
import { describe, expect, it, vi } from "vitest";
import { infer } from "./infer.js";

const signal = new AbortController().signal;

/** An agent that fails so before it answers. */
function failing(...failures: Error[]) {
  const inference = vi.fn(async () => {
    const failure = failures.shift();
    if (failure) throw failure;
    return "answer";
  });
  return { inference };
}

describe("infer", () => {
  it("tries a retryable failure again, twice, and pauses before", async () => {
    const overload = () => new AgentError("overload", { kind: "retryable" });
    const pause = vi.fn(async (_ms: number) => {});
    expect(await infer(failing(overload(), overload()), [], signal, pause)).toBe("answer");
    const [[first], [second]] = pause.mock.calls as [[number], [number]];
    expect(first).toBeGreaterThanOrEqual(750);
    expect(second).toBeGreaterThanOrEqual(1_500);
    const hopeless = failing(overload(), overload(), overload());
    await expect(infer(hopeless, [], signal, pause)).rejects.toThrow("overload");
    expect(hopeless.inference).toHaveBeenCalledTimes(3);
  });

  it("waits as long as it was asked to, but not for hours", async () => {
    const asked = (retryAfterMs: number) => new AgentError("later", { kind: "retryable", retryAfterMs });
    const pause = vi.fn(async (_ms: number) => {});
    await infer(failing(asked(20_000), asked(7_200_000)), [], signal, pause);
    expect(pause.mock.calls.map(([ms]) => ms)).toEqual([20_000, 60_000]);
  });

  it("does not try a permanent failure again", async () => {
    const agent = failing(new Error("wrong key"));
    await expect(infer(agent, [], signal)).rejects.toThrow("wrong key");
    expect(agent.inference).toHaveBeenCalledTimes(1);
  });

  it("refuses an answer that is no text", async () => {
    const agent = { inference: async () => 5 as never };
    await expect(infer(agent, [], signal)).rejects.toMatchObject({ code: "MODULE_INVALID" });
  });
});
