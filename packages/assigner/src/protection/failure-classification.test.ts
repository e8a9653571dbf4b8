import type { TaskOutput } from "@eval/protocol";
import type { AgentFailure } from "@eval/protocol/agent";
import { describe, expect, it } from "vitest";
import type { RunError } from "../attempt/run-error.js";
import { evidenceOf } from "./failure-classification.js";

const output = (status: TaskOutput["status"]): TaskOutput => ({ index: 0, status, result: null, history: [] });

function failed(error: RunError, agentFailure?: AgentFailure, info = "no") {
  return evidenceOf({ kind: "failed", error, info, output: null, agentFailure });
}

const kinds = ({ agent, task }: ReturnType<typeof evidenceOf>) => [agent.kind, task.kind];

describe("evidence about agent and task", () => {
  it.each([
    ["completed", "good", "good"],
    ["agent validation failed", "good", "good"],
    ["task error", "neutral", "bad"],
  ] as const)("%s", (status, ...expected) => {
    expect(kinds(evidenceOf({ kind: "ended", output: output(status) }))).toEqual(expected);
  });

  it.each([
    ["NETWORK_ERROR", "neutral", "bad"],
    ["START_FAILED", "neutral", "bad"],
    ["INTERACT_FAILED", "neutral", "bad"],
    ["TURN_LIMIT", "good", "good"],
    ["SAMPLE_TIMEOUT", "neutral", "neutral"],
    ["TASK_ERROR", "neutral", "bad"],
    ["RUNNER_LOST", "neutral", "neutral"],
  ] as const)("%s", (error, ...expected) => {
    expect(kinds(failed(error))).toEqual(expected);
  });

  it("counts an agent's failure against the agent only, unless its endpoint refused the single request", () => {
    expect(kinds(failed("AGENT_FAILED", { kind: "permanent", status: 401 }))).toEqual(["bad", "good"]);
    expect(kinds(failed("AGENT_FAILED", { kind: "permanent", status: 400 }))).toEqual(["good", "good"]);
    expect(kinds(failed("AGENT_FAILED", { kind: "retryable" }))).toEqual(["bad", "good"]);
    expect(kinds(failed("AGENT_FAILED"))).toEqual(["bad", "good"]);
  });

  it.each([
    [
      "request 3f2a9c1e-aaaa-bbbb-cccc-deadbeefcafe failed",
      "request 00000000-aaaa-bbbb-cccc-abcdefabcdef failed",
      true,
    ],
    ["no trace of req_a8Zk4 at node-7b", "no trace of req_99x at node-8", true],
    ["object deadbeefcafe", "object facadefade", true],
    ["the key is wrong", "the key is old", false],
  ])("compares failures without the names of single cases: %s, %s", (one, other, areAlike) => {
    const reasonOf = (info: string) => (failed("AGENT_FAILED", undefined, info).agent as { reason: string }).reason;
    expect(reasonOf(one) === reasonOf(other)).toBe(areAlike);
  });

  it("treats task errors with the same message as identical, from an output or a reply", () => {
    const said = (result: string) => evidenceOf({ kind: "ended", output: { ...output("task error"), result } }).task;
    const down = said("connect ECONNREFUSED 10.0.0.1:3306");
    expect(down).toEqual(said("connect ECONNREFUSED 10.0.0.2:3306"));
    expect(down).toEqual(failed("TASK_ERROR", undefined, "connect ECONNREFUSED 10.0.0.9:3306").task);
    expect(down).not.toEqual(said("no such table"));
  });

  it("treats failures with one cause as identical", () => {
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
