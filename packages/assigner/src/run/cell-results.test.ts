import { rmSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CodedError, type Json, type TaskOutput } from "@eval/protocol";
import { silentLogger } from "@eval/protocol/logger";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { EvaluationEvent } from "../attempt/run-events.js";
import type { Settlement } from "../dispatch/center-options.js";
import { preparePlan } from "../plan/prepare-plan.js";
import { RunLog } from "../results/run-log.js";
import type { TaskClient } from "../session/task-client.js";
import { CellResults } from "./cell-results.js";
import { readCells } from "./read-cells.js";

let output = "";
beforeEach(async () => {
  output = await mkdtemp(join(tmpdir(), "results-"));
});
afterEach(() => rm(output, { recursive: true }));

const history = [{ role: "user" as const, content: "hi" }];

function settlement(index: number, outcome: Partial<Settlement["outcome"]>, epoch = 1): Settlement {
  const grant = { attempt: String(index), agent: "a", task: "t", index, epoch, number: 1, losses: 0, repeats: 0 };
  const ended = { kind: "ended", output: { index, status: "completed", result: index, history } };
  return { grant, outcome: { ...ended, ...outcome } as Settlement["outcome"], retried: false, durationMs: 5 };
}

async function resultsOf(
  samples: number,
  calculate: (received: TaskOutput[]) => Json,
  needsHistory = false,
  epochs = 1,
) {
  const log = new RunLog(output, { now: Date.now });
  const events: EvaluationEvent[] = [];
  const client = {
    calculateOverall: async (results: AsyncIterable<TaskOutput>) => {
      const received: TaskOutput[] = [];
      for await (const result of results) received.push(result);
      return calculate(received);
    },
  };
  const indices = [...Array(samples).keys()];
  const known = new Map([["t", { indices, version: "v1", needsHistory }]]);
  const cells = await readCells(output, [{ agent: "a", task: "t", priority: 0 }], log, silentLogger, epochs);
  const plans = preparePlan(cells, known, { keepFailed: false, allowVersionMix: false, epochs, logger: silentLogger });
  const tasks = new Map([["t", client as unknown as TaskClient]]);
  const options = { output, log, tasks, known, logger: silentLogger, signal: new AbortController().signal };
  const redact = (text: string) => text.replaceAll("sesame", "***");
  const results = new CellResults(plans, cells, {
    ...options,
    redact,
    patienceMs: 1_000,
    onEvent: (event) => void events.push(event),
  });
  return { results, events, log };
}

const file = async (name: string) => readFile(join(output, "a", "t", name), "utf8");

describe("CellResults", () => {
  it("omits results of unknown samples from the aggregate, and gives the others the task's own indices", async () => {
    const line = (index: unknown) =>
      `${JSON.stringify({ index, error: null, output: { index, status: "completed", result: index, history } })}\n`;
    await mkdir(join(output, "a", "t"), { recursive: true });
    await writeFile(join(output, "a", "t", "runs.jsonl"), ["1", 0, 7, "0", 1].map(line).join(""));
    const received: TaskOutput[][] = [];
    const { results, log } = await resultsOf(2, (all) => {
      received.push(all);
      return null;
    });
    await results.settled();
    expect(received[0]?.map(({ index, result }) => [index, result])).toEqual([
      [1, "1"],
      [0, 0],
    ]);
    expect(JSON.parse(await file("overall.json"))).toMatchObject({ total: 2, not_in_task: 3 });
    expect(results.rows()).toMatchObject([{ done: 2, failed: 0, remaining: 0 }]);
    await log.close();
    const again = await resultsOf(2, () => {
      throw new Error("not asked");
    });
    expect(again.results.isAggregated).toBe(true);
    await again.results.settled();
    expect(again.results.overallFailed).toBe(false);
    await again.log.close();
  });

  it("aggregates a cell when all its samples have a result, over full histories, and sends these only if needed", async () => {
    const received: TaskOutput[][] = [];
    const { results, events, log } = await resultsOf(2, (all) => {
      received.push(all);
      return { metric: "score", score: 0.5 };
    });
    await results.record(settlement(0, {}));
    await results.settled();
    expect(received).toEqual([]);
    await results.record(settlement(1, {}));
    await results.settled();
    expect(received[0]?.map(({ index, history }) => [index, history])).toEqual([
      [0, null],
      [1, null],
    ]);
    expect(JSON.parse(await file("overall.json"))).toMatchObject({
      total: 2,
      validation: { completed: 1, average_history_length: 1 },
      custom: { score: 0.5 },
    });
    expect(results.rows()).toMatchObject([{ done: 2, failed: 0, remaining: 0, metric: { name: "score", value: 0.5 } }]);
    expect(events.map(({ type }) => type)).toEqual(["settled", "settled", "overall"]);
    expect(JSON.parse((await file("runs.jsonl")).split("\n")[0] as string)).toMatchObject({
      task_version: "v1",
      attempt: 1,
    });
    await log.close();
  });

  it("sends histories to a task that reads them", async () => {
    const received: TaskOutput[] = [];
    const { results, log } = await resultsOf(1, (all) => received.push(...all), true);
    await results.record(settlement(0, {}));
    await results.settled();
    expect(received[0]?.history).toEqual(history);
    await log.close();
  });

  it("records a failure without its secrets, and does not aggregate", async () => {
    const { results, log } = await resultsOf(1, () => null);
    const failure = { kind: "failed", error: "AGENT_FAILED", info: "key sesame is wrong", output: null } as const;
    await results.record(settlement(0, failure));
    await results.settled();
    expect(JSON.parse(await file("error.jsonl"))).toMatchObject({ error: "AGENT_FAILED", info: "key *** is wrong" });
    expect(results.rows()).toMatchObject([{ done: 0, failed: 1, remaining: 0 }]);
    await expect(file("overall.json")).rejects.toThrow("ENOENT");
    await log.close();
  });

  it("aggregates a grown set of samples again", async () => {
    const first = await resultsOf(1, () => ({ metric: "n", n: 1 }));
    await first.results.record(settlement(0, {}));
    await first.results.settled();
    await first.log.close();
    const grown = await resultsOf(2, (all) => ({ metric: "n", n: all.length }));
    expect(grown.results.rows()).toMatchObject([{ done: 1, remaining: 1, metric: undefined }]);
    await grown.results.record(settlement(1, {}));
    await grown.results.settled();
    expect(JSON.parse(await file("overall.json"))).toMatchObject({ total: 2, custom: { n: 2 } });
    await grown.log.close();
  });

  it("aggregates a shrunk set of samples again", async () => {
    const first = await resultsOf(3, (all) => ({ metric: "n", n: all.length }));
    for (const index of [0, 1, 2]) await first.results.record(settlement(index, {}));
    await first.results.settled();
    await first.log.close();
    const shrunk = await resultsOf(2, (all) => ({ metric: "n", n: all.length }));
    await shrunk.results.settled();
    expect(JSON.parse(await file("overall.json"))).toMatchObject({ total: 2, not_in_task: 1, custom: { n: 2 } });
    await shrunk.log.close();
  });

  it("retries an aggregate while the worker is unreachable", async () => {
    let tries = 0;
    const { results, log } = await resultsOf(1, () => {
      tries += 1;
      if (tries < 3) throw new CodedError("WORKER_NOT_RESPONDING", "restarting");
      return 7;
    });
    await results.record(settlement(0, {}));
    await results.settled();
    expect([tries, results.overallFailed, results.isAggregated]).toEqual([3, false, true]);
    await log.close();
  });

  it("reports a failed aggregate", async () => {
    const { results, log } = await resultsOf(1, () => {
      throw new Error("no");
    });
    await results.record(settlement(0, {}));
    await results.settled();
    expect([results.overallFailed, results.isAggregated]).toEqual([true, false]);
    await log.close();
  });

  it("aggregates each epoch once, with statistics over all epochs, in the table too", async () => {
    const scored = (index: number, epoch: number, score: boolean) =>
      settlement(index, { output: { index, status: "completed", result: { score }, history } }, epoch);
    const asked: number[] = [];
    const calculate = (all: TaskOutput[]) => {
      const passed = all.filter(({ result }) => (result as { score: boolean }).score).length;
      asked.push(passed);
      return { accuracy: passed / all.length };
    };
    const { results, log } = await resultsOf(2, calculate, false, 3);
    for (const epoch of [1, 2, 3]) {
      await results.record(scored(0, epoch, epoch < 3));
      // A second result of the same sample and epoch goes to late.jsonl.
      await results.record(scored(0, epoch, false));
      await results.record(scored(1, epoch, epoch === 1));
    }
    await results.settled();
    expect(asked.sort()).toEqual([0, 1, 2]);
    expect(JSON.parse(await file("overall.json"))).toMatchObject({ total: 2, custom: { accuracy: 1 } });
    expect(JSON.parse(await file("epoch-3/overall.json"))).toMatchObject({ total: 2, custom: { accuracy: 0 } });
    const written = JSON.parse(await file("epochs.json"));
    expect(written.epochs).toEqual([1, 2, 3]);
    expect(written.metrics["custom.accuracy"]).toEqual({
      mean: 0.5,
      standard_error: expect.closeTo(0.5 / Math.sqrt(3)),
      values: [1, 0.5, 0],
    });
    // Of three attempts, one sample passed twice, the other once.
    expect(written.pass_at_k).toEqual({ 1: expect.closeTo(0.5), 2: expect.closeTo((1 + 2 / 3) / 2), 3: 1 });
    const metric = { name: "accuracy", value: 0.5, standardError: expect.closeTo(0.5 / Math.sqrt(3)), epochs: 3 };
    expect(results.rows()).toMatchObject([{ done: 6, failed: 0, remaining: 0, metric }]);
    await log.close();
    const again = await resultsOf(2, calculate, false, 3);
    await again.results.settled();
    expect([asked.length, again.results.isAggregated]).toEqual([3, true]);
    await again.log.close();
  });

  it("does not aggregate a journal that has lost results, and counts that as failed", async () => {
    let calls = 0;
    const { results, events, log } = await resultsOf(3, (received) => {
      calls += 1;
      if (calls === 1) {
        rmSync(join(output, "a", "t", "runs.jsonl"));
        throw new CodedError("UNREACHABLE", "the worker is away for a moment");
      }
      return { n: received.length };
    });
    for (const index of [0, 1, 2]) await results.record(settlement(index, {}));
    await results.settled();
    expect([calls, results.overallFailed, results.isAggregated]).toEqual([2, true, false]);
    expect(events.filter(({ type }) => type === "overall")).toEqual([]);
    await expect(file("overall.json")).rejects.toThrow("ENOENT");
    await log.close();
  });
});
