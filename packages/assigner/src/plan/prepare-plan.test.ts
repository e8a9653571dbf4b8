import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger } from "@eval/protocol/logger";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { RunLog } from "../results/run-log.js";
import { readCells } from "../run/read-cells.js";
import { preparePlan } from "./prepare-plan.js";

let output = "";
const cells = [{ agent: "a", task: "t", priority: 0 }];
const options = { keepFailed: false, allowVersionMix: false, logger: silentLogger };

beforeEach(async () => {
  output = await mkdtemp(join(tmpdir(), "plan-"));
  await mkdir(join(output, "a", "t"), { recursive: true });
});
afterEach(() => rm(output, { recursive: true }));

function line(index: number, extra: object = {}): string {
  return JSON.stringify({
    index,
    error: null,
    info: null,
    output: { index, status: "completed", result: 1, history: [] },
    ...extra,
  });
}

async function read(runs: string[], errors: string[] = [], overall?: object) {
  const folder = join(output, "a", "t");
  await writeFile(join(folder, "runs.jsonl"), runs.map((text) => `${text}\n`).join(""));
  await writeFile(join(folder, "error.jsonl"), errors.map((text) => `${text}\n`).join(""));
  if (overall) await writeFile(join(folder, "overall.json"), JSON.stringify(overall));
  return readCells(output, cells, new RunLog(output, { now: Date.now }), silentLogger);
}

const known = (indices: number[], version?: string) => new Map([["t", { indices, version, needsHistory: true }]]);

describe("preparePlan", () => {
  it("plans samples without a result, including those with only failed lines", async () => {
    const read_ = await read([line(0)], [line(1, { error: "AGENT_FAILED" })]);
    const [plan] = preparePlan(read_, known([0, 1, 2]), options);
    expect(plan).toMatchObject({ total: 3, done: 1, remaining: [{ index: 1 }, { index: 2 }] });
    const [kept] = preparePlan(read_, known([0, 1, 2]), { ...options, keepFailed: true });
    expect(kept?.remaining).toEqual([{ index: 2, epoch: 1 }]);
  });

  it("needs no task for a cell with all its lines and a valid overall", async () => {
    const complete = await read([line(0), line(1)], [], { total: 2, validation: {}, custom: {} });
    expect(complete[0]?.isComplete).toBe(true);
    expect(preparePlan(complete, new Map(), options)[0]).toMatchObject({ remaining: [], total: 2, done: 2 });
    const stale = await read([line(0), line(1)], [], { total: 1, validation: {}, custom: {} });
    expect(stale[0]?.isComplete).toBe(false);
  });

  it("plans missing epochs, and keeps those that are no longer planned", async () => {
    await read([line(0), line(1)], [], { total: 2, validation: {}, custom: {} });
    await mkdir(join(output, "a", "t", "epoch-3"));
    await writeFile(join(output, "a", "t", "epoch-3", "runs.jsonl"), `${line(1, { epoch: 3 })}\n`);
    const log = new RunLog(output, { now: Date.now });
    const [two] = await readCells(output, cells, log, silentLogger, 2);
    expect(two?.isComplete).toBe(false);
    const [plan] = preparePlan([two as NonNullable<typeof two>], known([0, 1]), { ...options, epochs: 2 });
    expect(plan).toMatchObject({
      total: 5,
      done: 3,
      remaining: [
        { index: 0, epoch: 2 },
        { index: 1, epoch: 2 },
      ],
    });
    const [one] = await readCells(output, cells, log, silentLogger, 1);
    expect(one?.isComplete).toBe(true);
    expect(preparePlan([one as NonNullable<typeof one>], new Map(), options)[0]).toMatchObject({
      remaining: [],
      done: 3,
      epochs: [{ epoch: 1, done: 2 }],
    });
  });

  it("needs the task for the statistics over epochs if they contain results that are not the task's", async () => {
    const completeOf = async (overall: object, statistics?: object) => {
      const folder = join(output, "a", "t");
      await mkdir(join(folder, "epoch-2"), { recursive: true });
      await writeFile(join(folder, "epoch-2", "overall.json"), JSON.stringify(overall));
      await writeFile(join(folder, "epoch-2", "runs.jsonl"), `${line(0, { epoch: 2 })}\n${line(1, { epoch: 2 })}\n`);
      if (statistics) await writeFile(join(folder, "epochs.json"), JSON.stringify(statistics));
      await read([line(0), line(1)], [], overall);
      const [cell] = await readCells(output, cells, new RunLog(output, { now: Date.now }), silentLogger, 2);
      digests = cell?.epochs.map(({ recorded }) => recorded.digest);
      return cell?.isComplete;
    };
    let digests: string[] | undefined;
    expect(await completeOf({ total: 2, validation: {}, custom: {} })).toBe(true);
    const withOther = { total: 1, validation: {}, custom: {}, not_in_task: 1 };
    expect(await completeOf(withOther)).toBe(false);
    expect(await completeOf(withOther, { epochs: [1], metrics: {}, pass_at_k: null })).toBe(false);
    const statistics = { epochs: [1, 2], results_sha256: digests, metrics: {}, pass_at_k: null };
    expect(await completeOf(withOther, statistics)).toBe(true);
    const ofOthers = { ...statistics, results_sha256: [digests?.[0], "other"] };
    expect(await completeOf(withOther, ofOthers)).toBe(false);
  });

  it("refuses to mix versions of a task, unless allowed", async () => {
    const recorded = await read([line(0, { task_version: "one" })]);
    expect(() => preparePlan(recorded, known([0, 1], "two"), options)).toThrow(/one.*two.*--allow-version-mix/);
    expect(preparePlan(recorded, known([0, 1], "two"), { ...options, allowVersionMix: true })).toHaveLength(1);
    expect(preparePlan(recorded, known([0, 1], "one"), options)).toHaveLength(1);
  });
});
