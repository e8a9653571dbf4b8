import { CodedError, type Message, type TaskOutput } from "@eval/protocol";
import { AgentError } from "@eval/protocol/agent";
import { ReplyError } from "@eval/protocol/http-client";
import type { AgentOutput } from "@eval/protocol/task";
import { describe, expect, it, vi } from "vitest";
import type { SampleLimits } from "../attempt/sample-limits.js";
import { runSample } from "./run-sample.js";
import type { StartedSession } from "./task-session.js";

const running = (content: string): TaskOutput => {
  return { index: null, status: "running", result: null, history: [{ role: "user", content }] };
};
const completed: TaskOutput = { index: 7, status: "completed", result: 1, history: [] };

/** A session that returns these outputs, one per turn; a function throws instead. */
function sessionOf(outputs: (TaskOutput | (() => never))[]) {
  const heard: AgentOutput[] = [];
  const cancel = vi.fn(async () => {});
  const interact = async (answer: AgentOutput) => {
    heard.push(answer);
    const next = outputs.shift();
    if (next === undefined) throw new Error("a turn too many");
    return typeof next === "function" ? next() : next;
  };
  const started: StartedSession = { session: { id: 42, interact, cancel }, output: running("hello") };
  return { task: { start: async () => started }, heard, cancel };
}

const echo = { inference: async (history: readonly Message[]) => `echo ${history.at(-1)?.content}` };

function run(
  task: { start: () => Promise<StartedSession> },
  agent = echo as never,
  signal = new AbortController().signal,
  limits: SampleLimits = {},
) {
  return runSample({ task, agent, index: 7, owner: "run/1", leaseS: 60, signal, limits });
}

function replyError(status: number, code: "CONCURRENCY_LIMIT" | "TASK_ERROR" | "WORKER_ERROR", detail: unknown) {
  return () => {
    throw new ReplyError(code, String(detail), { status, detail }, undefined);
  };
}

describe("runSample", () => {
  it("alternates between agent and session until the session ends", async () => {
    const { task, heard, cancel } = sessionOf([running("more"), completed]);
    expect(await run(task)).toEqual({ kind: "ended", output: completed, sessionId: 42 });
    expect(heard.map(({ content }) => content)).toEqual(["echo hello", "echo more"]);
    expect(cancel).not.toHaveBeenCalled();
  });

  it("reports a context limit to the session", async () => {
    const { task, heard } = sessionOf([completed]);
    const agent = {
      inference: async () => {
        throw new AgentError("too long", { kind: "context_limit" });
      },
    };
    expect(await run(task, agent as never)).toMatchObject({ kind: "ended" });
    expect(heard).toEqual([{ status: "agent context limit", content: null }]);
  });

  it("ends the session when the agent fails", async () => {
    const { task, cancel } = sessionOf([]);
    const agent = {
      inference: async () => {
        throw new Error("wrong key");
      },
    };
    const outcome = await run(task, agent as never);
    expect(outcome).toMatchObject({ kind: "failed", error: "AGENT_FAILED", info: "wrong key", output: null });
    expect(cancel).toHaveBeenCalledOnce();
  });

  it("does not fail if no slot is free", async () => {
    const start = async () => replyError(406, "CONCURRENCY_LIMIT", "full")();
    expect(await run({ start })).toEqual({ kind: "not available" });
  });

  it("keeps the output of a task that raised, without a session to end", async () => {
    const output = { index: 7, status: "task error", result: "boom", history: [] };
    const text = `Error: Worker returned error\n${JSON.stringify({ detail: { session_id: 42, output } })}`;
    const { task, cancel } = sessionOf([replyError(501, "TASK_ERROR", text)]);
    expect(await run(task)).toMatchObject({ kind: "failed", error: "TASK_ERROR", info: "boom", output });
    expect(cancel).not.toHaveBeenCalled();
  });

  it("ends the session when a turn fails, and distinguishes network errors", async () => {
    const refused = sessionOf([replyError(500, "WORKER_ERROR", "bad")]);
    expect(await run(refused.task)).toMatchObject({ kind: "failed", error: "INTERACT_FAILED" });
    expect(refused.cancel).toHaveBeenCalledOnce();
    const lost = sessionOf([
      () => {
        throw new CodedError("UNREACHABLE", "gone");
      },
    ]);
    expect(await run(lost.task)).toMatchObject({ kind: "failed", error: "NETWORK_ERROR" });
    const start = async () => {
      throw new CodedError("TIMEOUT", "slow");
    };
    expect(await run({ start })).toMatchObject({ kind: "failed", error: "NETWORK_ERROR" });
  });

  it("stops with the run, even while an agent does not answer, and ends the session", async () => {
    const { task, cancel } = sessionOf([]);
    const stop = new AbortController();
    const agent = {
      inference: () => {
        queueMicrotask(() => stop.abort());
        return new Promise<string>(() => {});
      },
    };
    expect(await run(task, agent as never, stop.signal)).toEqual({ kind: "stopped" });
    expect(cancel).toHaveBeenCalledOnce();
  });

  describe("with limits", () => {
    const never = () => new Promise<never>(() => {});
    const open = new AbortController().signal;

    it("does not wait for an agent that ignores its signal, nor for the end of its session", async () => {
      const { task, cancel } = sessionOf([running("more")]);
      cancel.mockImplementation(never);
      const signals: AbortSignal[] = [];
      const inference = async (history: readonly Message[], { signal }: { signal: AbortSignal }) => {
        signals.push(signal);
        return history.at(-1)?.content === "more" ? never() : "first answer";
      };
      const outcome = await run(task, { inference } as never, open, { timeoutMs: 50 });
      expect(outcome).toMatchObject({ kind: "failed", error: "SAMPLE_TIMEOUT", sessionId: 42 });
      expect(outcome).toMatchObject({ output: { status: "running", history: [{ role: "user", content: "more" }] } });
      expect((outcome as { info: string }).info).toMatch(/0.05 s.*was waiting for the agent after 1 turn/);
      expect(cancel).toHaveBeenCalledOnce();
      expect(signals.at(-1)?.reason).toMatchObject({ name: "SampleTimeoutError" });
    });

    it.each(["sample", "run"])(
      "ignores an answer that an agent gives because the time of the %s is up",
      async (whose) => {
        const { task, heard, cancel } = sessionOf([]);
        const started = await task.start();
        const failing = { ...started.session, interact: () => Promise.reject(new Error("aborted")) };
        const start = whose === "sample" ? async () => ({ ...started, session: failing }) : task.start;
        const inference = (_: unknown, { signal }: { signal: AbortSignal }) =>
          new Promise((resolve) => signal.addEventListener("abort", () => resolve("partial")));
        const stop = whose === "run" ? AbortSignal.timeout(20) : open;
        const outcome = await run({ start }, { inference } as never, stop, { timeoutMs: whose === "run" ? 5_000 : 20 });
        if (whose === "run") expect(outcome).toEqual({ kind: "stopped" });
        else expect(outcome).toMatchObject({ error: "SAMPLE_TIMEOUT", output: { history: [{ role: "user" }] } });
        expect(heard).toEqual([]);
        expect(cancel).toHaveBeenCalledOnce();
      },
    );

    it("does not wait for a task that hangs, and keeps the agent's last message", async () => {
      const { task, cancel } = sessionOf([]);
      const started = await task.start();
      const start = async () => ({ ...started, session: { ...started.session, interact: never } });
      const outcome = await run({ start }, echo as never, open, { timeoutMs: 50 });
      const history = [
        { role: "user", content: "hello" },
        { role: "agent", content: "echo hello" },
      ];
      expect(outcome).toMatchObject({ error: "SAMPLE_TIMEOUT", output: { history } });
      expect((outcome as { info: string }).info).toContain("was waiting for the task");
      expect(cancel).toHaveBeenCalledOnce();
    });

    it("ends a session that opens after the time was up", async () => {
      const { task, cancel } = sessionOf([]);
      const started = await task.start();
      let opens: (session: StartedSession) => void = () => {};
      const start = () => new Promise<StartedSession>((resolve) => (opens = resolve));
      const outcome = await run({ start }, echo as never, open, { timeoutMs: 20 });
      expect(outcome).toMatchObject({ error: "SAMPLE_TIMEOUT", output: null });
      opens(started);
      await vi.waitFor(() => expect(cancel).toHaveBeenCalledOnce(), { timeout: 60_000 });
    });

    it("ends a sample whose agent has used all its turns, with the history so far", async () => {
      const { task, heard, cancel } = sessionOf([running("one"), running("two"), completed]);
      const outcome = await run(task, echo as never, open, { maxTurns: 2 });
      expect(outcome).toMatchObject({ kind: "failed", error: "TURN_LIMIT", output: running("two") });
      expect(heard).toHaveLength(2);
      expect(cancel).toHaveBeenCalledOnce();
    });

    it("does not fail a sample that ends with its last turn", async () => {
      const { task } = sessionOf([running("one"), completed]);
      expect(await run(task, echo as never, open, { maxTurns: 2, timeoutMs: 5_000 })).toMatchObject({ kind: "ended" });
    });

    it("is stopped by the run in the same way as without limits", async () => {
      const { task } = sessionOf([]);
      const stop = new AbortController();
      const inference = () => {
        queueMicrotask(() => stop.abort());
        return never();
      };
      const outcome = await run(task, { inference } as never, stop.signal, { timeoutMs: 5_000 });
      expect(outcome).toEqual({ kind: "stopped" });
    });
  });
});
