import type { TaskOutput } from "@eval/protocol";
import type { AgentFailure } from "@eval/protocol/agent";
import { describe, expect, it } from "vitest";
import type { RunError } from "../results/journal-record.js";
import { verdictsOf } from "./verdicts.js";

const output = (status: TaskOutput["status"]): TaskOutput => ({ index: 0, status, result: null, history: [] });

function failed(error: RunError, agentFailure?: AgentFailure, info = "no") {
  return verdictsOf({ kind: "failed", error, info, output: null, agentFailure });
}

const kinds = ({ agent, task }: ReturnType<typeof verdictsOf>) => [agent.kind, task.kind];

describe("what an attempt says of agent and task", () => {
  it.each([
    ["completed", "good", "good"],
    ["agent validation failed", "good", "good"],
    ["task error", "neutral", "neutral"],
  ] as const)("%s", (status, ...expected) => {
    expect(kinds(verdictsOf({ kind: "ended", output: output(status) }))).toEqual(expected);
  });

  it.each([
    ["NETWORK_ERROR", "neutral", "bad"],
    ["START_FAILED", "neutral", "bad"],
    ["INTERACT_FAILED", "neutral", "bad"],
    ["TURN_LIMIT", "good", "good"],
    ["SAMPLE_TIMEOUT", "neutral", "neutral"],
    ["TASK_ERROR", "neutral", "neutral"],
    ["RUNNER_LOST", "neutral", "neutral"],
  ] as const)("%s", (error, ...expected) => {
    expect(kinds(failed(error))).toEqual(expected);
  });

  it("puts an agent's failure down to the agent alone, unless its endpoint judged the one request", () => {
    expect(kinds(failed("AGENT_FAILED", { kind: "permanent", status: 401 }))).toEqual(["bad", "good"]);
    expect(kinds(failed("AGENT_FAILED", { kind: "permanent", status: 400 }))).toEqual(["good", "good"]);
    expect(kinds(failed("AGENT_FAILED", { kind: "retryable" }))).toEqual(["bad", "good"]);
    expect(kinds(failed("AGENT_FAILED"))).toEqual(["bad", "good"]);
  });

  it("takes failures of one cause for alike", () => {
    const reason = (...failure: Parameters<typeof failed>) => (failed(...failure).agent as { reason: string }).reason;
    const away = reason("AGENT_FAILED", { kind: "retryable" }, "ECONNREFUSED");
    expect(reason("AGENT_FAILED", { kind: "retryable", status: 502 }, "bad gateway")).toBe(away);
    expect(reason("AGENT_FAILED", { kind: "retryable", status: 429 })).not.toBe(away);
    expect(reason("AGENT_FAILED", undefined, "sample 7 is odd")).toBe(
      reason("AGENT_FAILED", undefined, "sample 12 is odd"),
    );
    expect(reason("AGENT_FAILED", undefined, "odd")).not.toBe(reason("AGENT_FAILED", undefined, "even"));
  });
});
