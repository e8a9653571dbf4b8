import type { Task } from "@eval/protocol/task";
import { afterEach, describe, expect, it } from "vitest";
import { DBBench, DBBenchBaselineAgent, DBBenchReferenceAgent } from "../index.js";
import { evaluate } from "../testing/evaluate.js";
import {
  developmentData,
  mysqlAddress,
  skipWithoutDevelopmentData,
  skipWithoutMysql,
} from "../testing/requirements.js";

const configDir = process.cwd();
const engines = [
  { engine: "SQLite", database: "sqlite", skip: skipWithoutDevelopmentData() },
  { engine: "MySQL", database: mysqlAddress, skip: skipWithoutDevelopmentData() || (await skipWithoutMysql()) },
];

describe.each(engines)("the published development split on $engine", ({ database, skip }) => {
  let task: Task | undefined;
  afterEach(() => task?.release?.());

  it.skipIf(skip)("is solved by the reference agent, in every category", { timeout: 120_000 }, async () => {
    task = await DBBench({ parameters: { data_file: developmentData, database, allow_privileged: true }, configDir });
    const agent = await DBBenchReferenceAgent({ parameters: { data_file: developmentData }, configDir });

    const { outputs, overall } = await evaluate(task, agent);

    expect(outputs.filter(({ status }) => status === "completed")).toHaveLength(60);
    expect(outputs.filter(({ result }) => (result as { correct?: boolean }).correct !== true)).toEqual([]);
    const shares = Object.entries(overall).filter(([name]) => name !== "metric");
    expect(shares).toEqual(shares.map(([name]) => [name, 1]));
    expect(overall).toMatchObject({ SELECT_accuracy: 1, INSERT_accuracy: 1, UPDATE_accuracy: 1 });
    expect(overall).toMatchObject({ overall_cat_accuracy: 1, metric: "overall_cat_accuracy" });
  });

  it.skipIf(skip)("is not solved by the baseline agent", { timeout: 120_000 }, async () => {
    task = await DBBench({ parameters: { data_file: developmentData, database, allow_privileged: true }, configDir });

    const { overall } = await evaluate(task, DBBenchBaselineAgent());

    expect(overall.overall_cat_accuracy).toBeLessThan(0.5);
  });
});
