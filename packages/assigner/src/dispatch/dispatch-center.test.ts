import { CodedError, type TaskOutput } from "@eval/protocol";
import { silentLogger } from "@eval/protocol/logger";
import { describe, expect, it } from "vitest";
import type { AttemptOutcome, Grant } from "../attempt/attempt.js";
import type { CellPlan } from "../attempt/cell-plan.js";
import type { CenterOptions, Settlement } from "./center-options.js";
import { ScriptedCenter } from "./testing/scripted-center.js";

const output: TaskOutput = { index: 0, status: "completed", result: null, history: [] };
const ended: AttemptOutcome = { kind: "ended", output };
const failed: AttemptOutcome = { kind: "failed", error: "AGENT_FAILED", info: "no", output: null };

function planOf(samples: number): CellPlan[] {
  const remaining = Array.from({ length: samples }, (_, index) => ({ index, epoch: 1 }));
  return [{ agent: "a", task: "t", priority: 0, remaining, total: samples, done: 0, excluded: [] }];
}

async function launch(
  outcomeOf: (grant: Grant, signal: AbortSignal) => Promise<AttemptOutcome>,
  changes: Partial<CenterOptions> = {},
) {
  ScriptedCenter.outcomeOf = outcomeOf;
  const settled: Settlement[] = [];
  const center = new ScriptedCenter({
    agents: {},
    tasks: {},
    configDir: "/",
    cwd: "/",
    parameters: {},
    leases: { keep: () => {}, giveUp: async () => {}, letBe: () => {} },
    clients: new Map(),
    owner: "run/1",
    leaseS: 60,
    waitForWorkersMs: 60_000,
    capacity: { agent: new Map([["a", 3]]), task: new Map([["t", 3]]) },
    retry: { maxAttempts: 1, delayMs: () => 1 },
    logger: silentLogger,
    readCapacity: async () => new Map([["t", { free: 3, workers: 1 }]]),
    record: async (settlement) => void settled.push(settlement),
    ...changes,
  });
  await center.launch();
  return { center, settled };
}

describe("DispatchCenter", () => {
  it("runs every sample once, within the capacities, over all its runners", async () => {
    let [inFlight, most] = [0, 0];
    const { center, settled } = await launch(async () => {
      most = Math.max(most, ++inFlight);
      await new Promise(setImmediate);
      inFlight -= 1;
      return ended;
    });
    expect(await center.start(planOf(50))).toEqual({ starved: new Map(), stopped: false });
    expect(settled.map(({ grant }) => grant.index).sort((a, b) => Number(a) - Number(b))).toEqual([
      ...Array(50).keys(),
    ]);
    expect(most).toBe(3);
    expect(center.postProcessed).toBe(1);
  });

  it("retries failures as often as the policy allows", async () => {
    const retry = { maxAttempts: 3, delayMs: () => 1 };
    const { center, settled } = await launch(async () => failed, { retry });
    await center.start(planOf(2));
    expect(settled).toHaveLength(6);
    expect(settled.filter(({ retried }) => !retried).map(({ grant }) => grant.number)).toEqual([3, 3]);
  });

  it("moves a sample of a lost runner to another, and fails it after the third loss", async () => {
    const tries: number[] = [];
    const outcomeOf = async ({ index, losses }: Grant): Promise<AttemptOutcome> => {
      if (index === 1) return ended;
      tries.push(losses);
      return index === 0 || losses === 0 ? { kind: "lost", info: "killed" } : ended;
    };
    const retry = { maxAttempts: 3, delayMs: () => 1 };
    const { center, settled } = await launch(outcomeOf, { retry });
    await center.start(planOf(3));
    expect(tries.sort()).toEqual([0, 0, 1, 1, 2]);
    const lost = settled.filter(({ outcome }) => outcome.kind === "failed");
    expect(lost).toMatchObject([
      { grant: { index: 0 }, outcome: { error: "RUNNER_LOST", info: "killed" }, retried: false },
    ]);
    expect(settled).toHaveLength(3);
  });

  it("does not retry a sample that reached its turn limit", async () => {
    const retry = { maxAttempts: 3, delayMs: () => 1 };
    const outcomeOf = async ({ index }: Grant): Promise<AttemptOutcome> => {
      return { ...failed, error: index === 0 ? "TURN_LIMIT" : "SAMPLE_TIMEOUT" };
    };
    const { center, settled } = await launch(outcomeOf, { retry });
    await center.start(planOf(2));
    expect(settled.map(({ grant }) => grant.index).sort()).toEqual([0, 1, 1, 1]);
  });

  it("records nothing if no slot was free, and retries after reading the controller's capacity", async () => {
    let [refusals, readings] = [0, 0];
    const outcomeOf = async (): Promise<AttemptOutcome> => (refusals++ < 3 ? { kind: "not available" } : ended);
    const readCapacity = async () => {
      readings += 1;
      return new Map([["t", { free: 1, workers: 1 }]]);
    };
    const { center, settled } = await launch(outcomeOf, { readCapacity });
    await center.start(planOf(2));
    expect(settled).toHaveLength(2);
    expect(readings).toBeGreaterThan(3);
  });

  it("gives up a task without workers, and reports the remaining samples and the reason", async () => {
    const readCapacity = async () => new Map([["t", { free: 0, workers: 0 }]]);
    const { center, settled } = await launch(async () => ended, { readCapacity, waitForWorkersMs: 0 });
    const why = "no worker is registered at its controller";
    expect(await center.start(planOf(4))).toEqual({ starved: new Map([["t", { left: 4, why }]]), stopped: false });
    expect(settled).toEqual([]);
  });

  it("does not let samples fail on an unreachable controller, and ends in time", async () => {
    let readings = 0;
    const readCapacity = async () => {
      readings += 1;
      return new Map(readings === 1 ? [["t", { free: 3, workers: 1 }]] : []);
    };
    const lost = { kind: "failed", error: "NETWORK_ERROR", info: "away", output: null } as const;
    const outcomeOf = async (): Promise<AttemptOutcome> => {
      while (readings < 2) await new Promise(setImmediate);
      return lost;
    };
    const { center, settled } = await launch(outcomeOf, { readCapacity, waitForWorkersMs: 0 });
    const { starved } = await center.start(planOf(100));
    expect(settled).toHaveLength(3);
    expect(starved).toEqual(new Map([["t", { left: 97, why: "its controller is unreachable" }]]));
  });

  it("ends when a runner fails, after the others have ended", async () => {
    const { center } = await launch(async (grant) => {
      if (grant.index === 1) throw new Error("broken runner");
      return ended;
    });
    await expect(center.start(planOf(20))).rejects.toThrow("broken runner");
  });

  it("ends running attempts when it is stopped, and records none of them", async () => {
    const stopped = (signal: AbortSignal) =>
      new Promise<AttemptOutcome>((resolve) => {
        const stop = () => resolve({ kind: "stopped" });
        if (signal.aborted) stop();
        else signal.addEventListener("abort", stop);
      });
    const { center, settled } = await launch((_grant, signal) => {
      queueMicrotask(() => center.stop("enough"));
      return stopped(signal);
    });
    expect(await center.start(planOf(9))).toMatchObject({ stopped: true });
    expect(settled).toEqual([]);
  });

  it("starts nothing more, and rejects, when a result cannot be written", async () => {
    let started = 0;
    const record = async () => {
      throw new CodedError("OUTPUT_WRITE_FAILED", "the disk is full");
    };
    const { center } = await launch(
      async () => {
        started += 1;
        await new Promise(setImmediate);
        return ended;
      },
      { record },
    );
    await expect(center.start(planOf(1_000))).rejects.toMatchObject({ code: "OUTPUT_WRITE_FAILED" });
    expect(started).toBeLessThan(20);
  });
});
