import { describe, expect, it } from "vitest";
import type { EvaluationEvent } from "../../attempt/run-events.js";
import { ProgressState } from "./progress-state.js";

const planned: EvaluationEvent = {
  type: "planned",
  output: "/out",
  cells: [
    { agent: "a", task: "t", total: 10, done: 4 },
    { agent: "b", task: "t", total: 10, done: 0 },
  ],
};

function settled(agent: string, accepted: boolean, retried = false): EvaluationEvent {
  const error = accepted ? null : "AGENT_FAILED";
  return { type: "settled", agent, task: "t", index: 0, epoch: 1, accepted, retried, error, info: null };
}

describe("ProgressState", () => {
  it("counts in total and by agent; the rate only includes this launch", () => {
    const state = new ProgressState();
    state.apply(planned, 0);
    for (const event of [settled("a", true), settled("a", true), settled("b", false)]) state.apply(event, 1_000);
    expect(state.total).toMatchObject({ total: 20, done: 6, failed: 1 });
    expect(state.agents.get("a")).toMatchObject({ total: 10, done: 6, failed: 0 });
    expect(state.rate(state.total, 2_000)).toBe(1.5);
    expect(state.eta(state.total, 2_000)).toBeCloseTo(13 / 1.5);
  });

  it("does not count a failure that will be retried", () => {
    const state = new ProgressState();
    state.apply(planned, 0);
    state.apply(settled("a", false, true), 1);
    expect(state.total).toMatchObject({ done: 4, failed: 0, fresh: 0 });
    expect(state.eta(state.total, 1_000)).toBeUndefined();
  });
});
