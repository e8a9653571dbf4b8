import type { TaskOutput } from "@eval/protocol";
import type { AgentFailure } from "@eval/protocol/agent";
import { silentLogger } from "@eval/protocol/logger";
import { describe, expect, it } from "vitest";
import type { AttemptOutcome, Grant } from "../attempt/attempt.js";
import type { CellPlan } from "../attempt/cell-plan.js";
import type { CenterOptions, Settlement } from "../dispatch/center-options.js";
import { ScriptedCenter } from "../dispatch/testing/scripted-center.js";

const output: TaskOutput = { index: 0, status: "completed", result: null, history: [] };
const ended: AttemptOutcome = { kind: "ended", output };

function agentFailed(agentFailure: AgentFailure): AttemptOutcome {
  return { kind: "failed", error: "AGENT_FAILED", info: "no", output: null, agentFailure };
}

const away = agentFailed({ kind: "retryable" });

function planOf(agent: string, task: string, samples: number): CellPlan {
  const remaining = Array.from({ length: samples }, (_, index) => ({ index, epoch: 1 }));
  return { agent, task, priority: 0, remaining, total: samples, done: 0, excluded: [] };
}

/** Runs a plan; an attempt takes a turn of the loop. `waitForWorkersMs` shortens the circuits' pauses. */
async function run(
  plans: CellPlan[],
  outcomeOf: (grant: Grant) => AttemptOutcome,
  changes: Partial<CenterOptions> = {},
  most = 4,
) {
  const settled: Settlement[] = [];
  const said: string[] = [];
  let [starts, inFlight, highest] = [0, 0, 0];
  ScriptedCenter.outcomeOf = async (grant) => {
    starts += 1;
    highest = Math.max(highest, ++inFlight);
    await new Promise(setImmediate);
    inFlight -= 1;
    return outcomeOf(grant);
  };
  const say = (text: string) => void said.push(text);
  const capacityOf = (side: "agent" | "task") => new Map(plans.map((plan) => [plan[side], most]));
  const center = new ScriptedCenter({
    agents: {},
    tasks: {},
    configDir: "/",
    cwd: "/",
    owner: "run/1",
    leaseS: 60,
    waitForWorkersMs: 200,
    capacity: { agent: capacityOf("agent"), task: capacityOf("task") },
    retry: { maxAttempts: 1, delayMs: () => 1 },
    logger: { ...silentLogger, info: say, warn: say, error: say },
    readCapacity: async (tasks: readonly string[]) => new Map(tasks.map((task) => [task, { free: 99, workers: 1 }])),
    record: async (settlement: Settlement) => void settled.push(settlement),
    ...changes,
  } as CenterOptions);
  await center.launch();
  const { starved } = await center.start(plans);
  const failed = settled.filter(({ outcome, retried }) => outcome.kind === "failed" && !retried);
  const accepted = settled.filter(({ outcome }) => outcome.kind === "ended");
  return { starved, said: said.join("\n"), failed: failed.length, accepted: accepted.length, starts, highest };
}

describe("an agent that keeps failing", () => {
  it("loses a few samples and is probed for a while; the other samples remain, with the reason", async () => {
    const { starved, said, failed, starts, highest } = await run([planOf("a", "t", 200)], () => away);
    expect(failed).toBe(9);
    expect(starts).toBeLessThan(9 + 4 + 6);
    expect(highest).toBe(4);
    const why = "it keeps failing (AGENT_FAILED: no usable answer)";
    expect(starved).toEqual(new Map([["agent a", { left: 191, why }]]));
    expect(said).toMatch(/agent a: the last 10 attempts failed in the same way .* paused for 0.1 s/);
    expect(said).toMatch(/agent a: .* given up after [\d.]+ s: 2 probes failed/);
  });

  it("loses no more samples when it recovers", async () => {
    let failures = 0;
    const outcomeOf = () => (++failures <= 12 ? away : ended);
    const { starved, said, failed, accepted } = await run([planOf("a", "t", 60)], outcomeOf);
    expect([failed, accepted, starved.size]).toEqual([9, 51, 0]);
    expect(said).toContain("agent a works again, after 0");
  });

  it("does not keep other agents from the task", async () => {
    const plans = [planOf("dead", "t", 50), planOf("alive", "t", 50)];
    const { starved, accepted } = await run(plans, ({ agent }) => (agent === "dead" ? away : ended));
    expect(accepted).toBe(50);
    expect([...starved.keys()]).toEqual(["agent dead"]);
  });

  it("is never paused with a circuit of 0", async () => {
    const { failed, starved } = await run([planOf("a", "t", 40)], () => away, { circuit: 0 });
    expect([failed, starved.size]).toEqual([40, 0]);
  });

  it("is not paused for single requests that its endpoint refuses", async () => {
    const refused = agentFailed({ kind: "permanent", status: 400 });
    expect(await run([planOf("a", "t", 40)], () => refused)).toMatchObject({ failed: 40 });
  });
});

it("gives up a task that keeps failing, and no other", async () => {
  const lost: AttemptOutcome = { kind: "failed", error: "NETWORK_ERROR", info: "gone", output: null };
  const plans = [planOf("a", "broken", 50), planOf("a", "fine", 50)];
  const { starved, accepted, failed } = await run(plans, ({ task }) => (task === "broken" ? lost : ended));
  expect([accepted, failed]).toEqual([50, 9]);
  expect(starved).toEqual(new Map([["broken", { left: 41, why: "it keeps failing (NETWORK_ERROR)" }]]));
});

describe("an agent that is overloaded", () => {
  const refused = agentFailed({ kind: "retryable", status: 429 });
  const overload = { count: 3, sentAgoMs: 0, retryAfterMs: 50 };

  it("gets fewer samples, and none of them fail", async () => {
    let refusals = 0;
    const outcomeOf = (): AttemptOutcome => (++refusals <= 6 ? ({ ...refused, overload } as AttemptOutcome) : ended);
    const { said, failed, accepted, highest } = await run([planOf("a", "t", 30)], outcomeOf, {}, 8);
    expect([failed, accepted]).toEqual([0, 30]);
    expect(highest).toBe(8);
    expect(said).toMatch(/agent a is overloaded \(429 or 503\): 8 -> 4 samples at once; no new samples for 0.1 s/);
  });

  it("gets fewer samples even if the agent's own retries succeeded", async () => {
    const { said, accepted } = await run([planOf("a", "t", 10)], () => ({ ...ended, overload }));
    expect(accepted).toBe(10);
    expect(said).toContain("4 -> 2 samples at once");
  });

  it("has a sample that fails in the end", async () => {
    const { failed, starts } = await run([planOf("a", "t", 1)], () => refused);
    expect([failed, starts]).toEqual([1, 6]);
  });
});
