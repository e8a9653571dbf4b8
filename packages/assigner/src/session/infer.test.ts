import { type Agent, AgentError } from "@eval/protocol/agent";
import { describe, expect, it, vi } from "vitest";
import { infer } from "./infer.js";
import { OverloadMeter } from "./overload-meter.js";

const signal = new AbortController().signal;

/** An agent that fails with these errors before it answers. */
function failing(...failures: Error[]) {
  const inference = vi.fn(async () => {
    const failure = failures.shift();
    if (failure) throw failure;
    return "answer";
  });
  return { inference };
}

describe("infer", () => {
  it("retries a retryable failure twice, after a pause", async () => {
    const overload = () => new AgentError("overload", { kind: "retryable" });
    const pause = vi.fn(async (_ms: number) => {});
    expect(await infer(failing(overload(), overload()), [], signal, undefined, pause)).toBe("answer");
    const [[first], [second]] = pause.mock.calls as [[number], [number]];
    expect(first).toBeGreaterThanOrEqual(750);
    expect(second).toBeGreaterThanOrEqual(1_500);
    const hopeless = failing(overload(), overload(), overload());
    await expect(infer(hopeless, [], signal, undefined, pause)).rejects.toThrow("overload");
    expect(hopeless.inference).toHaveBeenCalledTimes(3);
  });

  it("waits as long as requested, but not for hours", async () => {
    const asked = (retryAfterMs: number) => new AgentError("later", { kind: "retryable", retryAfterMs });
    const pause = vi.fn(async (_ms: number) => {});
    await infer(failing(asked(20_000), asked(7_200_000)), [], signal, undefined, pause);
    expect(pause.mock.calls.map(([ms]) => ms)).toEqual([20_000, 60_000]);
  });

  it("does not retry a permanent failure", async () => {
    const agent = failing(new Error("wrong key"));
    await expect(infer(agent, [], signal)).rejects.toThrow("wrong key");
    expect(agent.inference).toHaveBeenCalledTimes(1);
  });

  it("refuses an answer that is not a string", async () => {
    const agent = { inference: async () => 5 as never };
    await expect(infer(agent, [], signal)).rejects.toMatchObject({ code: "MODULE_INVALID" });
  });

  it("records overload refusals, even if a retry succeeds", async () => {
    const pause = async () => {};
    const refused = (status: number) => new AgentError("no", { kind: "retryable", status, retryAfterMs: 5_000 });
    const onOverload = vi.fn();
    const meter = new OverloadMeter(onOverload, () => 0);
    await infer(failing(refused(429), refused(503)), [], signal, meter, pause);
    expect(meter.overload).toMatchObject({ count: 2, retryAfterMs: 5_000 });
    expect(onOverload).toHaveBeenCalledTimes(2);
    const other = new OverloadMeter();
    await infer(failing(refused(500)), [], signal, other, pause);
    expect(other.overload).toBeUndefined();
  });

  it("records refusals that an agent with its own retries reports", async () => {
    const meter = new OverloadMeter();
    const agent: Agent = {
      inference: async (_history, { overloaded }) => {
        overloaded?.({ retryAfterMs: 1_000 });
        return "answer";
      },
    };
    expect(await infer(agent, [], signal, meter)).toBe("answer");
    expect(meter.overload).toMatchObject({ count: 1 });
  });
});
