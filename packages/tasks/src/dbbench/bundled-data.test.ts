import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Json, Task } from "@eval/protocol/task";
import { afterEach, describe, expect, it } from "vitest";
import { DBBench, DBBenchBaselineAgent, DBBenchReferenceAgent } from "../index.js";
import { evaluate } from "../testing/evaluate.js";
import { mysqlAddress, skipWithoutMysql } from "../testing/requirements.js";
import { type DBBenchSample, isWriteKind, kindOf, parseDataSet } from "./data-set.js";

const dataFile = "data/dbbench-mini.jsonl";
const packageDir = fileURLToPath(new URL("../..", import.meta.url));
const path = `${packageDir}${dataFile}`;
const samples = parseDataSet({ path, bytes: await readFile(path) });
const configDir = packageDir;

describe("the bundled data", () => {
  it("equals the output of its generator", async () => {
    const generated = await promisify(execFile)(process.execPath, [`${packageDir}scripts/make-dbbench-mini.mjs`]);
    expect(await readFile(path, "utf8")).toBe(generated.stdout);
  });

  it("has at least 8 tables and 60 questions of every kind, without duplicates", () => {
    expect(samples.length).toBeGreaterThanOrEqual(60);
    expect(new Set(samples.map((sample) => sample.table.table_name)).size).toBeGreaterThanOrEqual(8);
    expect(new Set(samples.map((sample) => sample.description)).size).toBe(samples.length);
    const kinds = ["other", "counting", "comparison", "ranking", "INSERT", "UPDATE"];
    const aggregations = ["SUM", "MIN", "MAX", "AVG"].map((name) => `aggregation-${name}`);
    expect(new Set(samples.map(kindOf))).toEqual(new Set([...kinds, ...aggregations]));
  });
});

const engines = [
  { engine: "SQLite", database: "sqlite", skip: false },
  { engine: "MySQL", database: mysqlAddress, skip: await skipWithoutMysql() },
];

describe.each(engines)("the bundled data on $engine", ({ database, skip }) => {
  let task: Task | undefined;
  afterEach(() => task?.release?.());

  it.skipIf(skip)("has references that give its answers, and nothing else", { timeout: 60_000 }, async () => {
    task = await DBBench({ parameters: { data_file: dataFile, database, allow_privileged: true }, configDir });

    const { outputs } = await evaluate(task, referenceRunner());

    const wrong = outputs.filter(({ result }) => (result as { correct?: boolean } | null)?.correct !== true);
    expect(wrong).toEqual([]);
    expect(outputs).toHaveLength(samples.length);
  });

  it.skipIf(skip)("is solved by the reference agent", { timeout: 60_000 }, async () => {
    task = await DBBench({ parameters: { data_file: dataFile, database, allow_privileged: true }, configDir });
    const agent = await DBBenchReferenceAgent({ parameters: { data_file: dataFile }, configDir });

    const { overall } = await evaluate(task, agent);

    expect(overall).toMatchObject({ SELECT_accuracy: 1, INSERT_accuracy: 1, UPDATE_accuracy: 1 });
    expect(overall.overall_cat_accuracy).toBe(1);
  });

  it.skipIf(skip)("is solved in part by the baseline agent", { timeout: 60_000 }, async () => {
    task = await DBBench({ parameters: { data_file: dataFile, database, allow_privileged: true }, configDir });

    const { outputs, overall } = await evaluate(task, DBBenchBaselineAgent());

    expect(outputs.every(({ status }) => status === "completed")).toBe(true);
    for (const name of ["SELECT", "INSERT", "UPDATE", "overall_cat"]) {
      expect.soft(overall[`${name}_accuracy`] as Json, name).toBeGreaterThan(0.1);
      expect.soft(overall[`${name}_accuracy`] as Json, name).toBeLessThan(0.6);
    }
  });
});

/** Runs the reference of what it is asked, then answers with what came back: it never looks at the expected answers. */
function referenceRunner() {
  const baseline = DBBenchBaselineAgent();
  return {
    async inference(...[history, options]: Parameters<typeof baseline.inference>): Promise<string> {
      // The baseline's second turn answers with the first column of what the statement gave.
      if (history.length > 1) return baseline.inference(history, options);
      const sample = samples.find(({ description }) => history[0]?.content.includes(`${description}\n`));
      return `Action: Operation\n\`\`\`sql\n${statementOf(sample)}\n\`\`\``;
    },
  };
}

function statementOf(sample: DBBenchSample | undefined): string {
  return String(isWriteKind(sample?.type[0]) ? sample?.label[0] : sample?.sql?.query);
}
