import type { Json, TaskOutput } from "@eval/protocol/task";
import { describe, expect, it } from "vitest";
import { normal, ScriptedSession, saying, stream } from "./testing/scripted-session.js";
import { VirtualTask } from "./virtual-task.js";

const configDir = "/";

describe("VirtualTask", () => {
  it("asks the configured number of times and echoes the last answer", async () => {
    const task = VirtualTask({ parameters: { name: "echo", samples: 3, rounds: 2, message_bytes: 200 }, configDir });
    const session = saying("first", "second");

    expect(await task.startSample(0, session)).toEqual({
      status: "completed",
      result: { rounds: 2, echoed: "second" },
    });
    expect(await task.getIndices()).toEqual([0, 1, 2]);
    expect(task.name).toBe("echo");
    expect(session.history.map(({ role }) => role)).toEqual(["user", "agent", "user", "agent"]);
    expect(session.history[0]?.content).toHaveLength(200);
  });

  it("fails the configured samples", async () => {
    const task = VirtualTask({ parameters: { fail_every: 2, start_fail_every: 3 }, configDir });
    const silent = saying();

    expect(await task.startSample(0, saying("a"))).toMatchObject({ status: "completed" });
    await expect(task.startSample(1, saying("a"))).rejects.toThrow("Sample 1 fails");
    await expect(task.startSample(2, silent)).rejects.toThrow("Sample 2 fails at its start");
    expect(silent.history).toEqual([]);
  });

  it("hangs until the session is aborted", async () => {
    const task = VirtualTask({ parameters: { hang_every: 1, rounds: 2 }, configDir });
    const session: ScriptedSession = new ScriptedSession(() => {
      queueMicrotask(() => session.abort());
      return normal("a");
    });

    expect(await task.startSample(0, session)).toEqual({ status: "unknown", result: null });
  });

  it("ends a delay when the session is aborted, and a sample when it is canceled", async () => {
    const session = saying("a");
    const running = VirtualTask({ parameters: { delay_ms: 3_600_000 }, configDir }).startSample(0, session);
    session.abort();
    expect(await running).toEqual({ status: "unknown", result: null });

    const cancelled = new ScriptedSession(() => ({ status: "cancelled", content: null }));
    expect(await VirtualTask({ parameters: {}, configDir }).startSample(0, cancelled)).toMatchObject({
      status: "unknown",
    });
  });

  it("passes on that the agent's context is full", async () => {
    const session = new ScriptedSession(() => ({ status: "agent context limit", content: null }));
    expect(await VirtualTask({ parameters: {}, configDir }).startSample(0, session)).toMatchObject({
      status: "agent context limit",
    });
  });

  it("counts completed samples", async () => {
    const task = VirtualTask({ parameters: {}, configDir });
    const output = (status: TaskOutput["status"]): TaskOutput => ({ index: 0, status, result: null, history: null });
    const overall = (...outputs: TaskOutput[]): Json | Promise<Json> => task.calculateOverall(stream(outputs));

    expect(await overall(output("completed"), output("unknown"))).toEqual({
      count: 2,
      completed: 1,
      completed_share: 0.5,
      metric: "completed_share",
    });
    expect(await overall()).toMatchObject({ completed_share: null });
  });

  it("reports every wrong parameter at once", () => {
    const build = () => VirtualTask({ parameters: { rounds: 0, samples: "many" }, configDir });
    expect(build).toThrow(/parameters\.samples[\s\S]*parameters\.rounds/);
    expect(build).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }));
  });
});
