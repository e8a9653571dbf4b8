import { existsSync, readFileSync } from "node:fs";
import { describe, expect } from "vitest";
import { Cluster } from "./harness/cluster.js";
import { writeEvaluation } from "./harness/evaluation-files.js";
import { CellFolder } from "./harness/journal.js";
import { fixture } from "./harness/repository.js";
import { type Stage, test } from "./harness/stage.js";
import { errorLine, overallAsV02, PythonNumber, pythonJson, readAsV02, resultLine } from "./harness/v02-folder.js";

const agents = { one: { module: fixture("paced-agent.mjs#PacedAgent"), concurrency: 4 } };

function listed(stage: Stage, indices: (number | string)[]) {
  const parameters = { indices, log: stage.write("starts.log", "") };
  return { listed: { module: fixture("listed-task.mjs#ListedTask"), parameters, concurrency: 4 } };
}

/** The indices that were started, in the order of their texts. */
const started = (stage: Stage) => readFileSync(stage.path("starts.log"), "utf8").split("\n").filter(Boolean).sort();

const read = (file: string) => readFileSync(file, "utf8");

const v02Config = "assignments:\n- agent: one\n  task: listed\nconcurrency:\n  agent:\n    one: 4\noutput: output\n";

describe("a folder that v0.2 wrote", () => {
  test("is continued: existing results are unchanged, and the remaining samples run", async ({ stage }) => {
    const tasks = listed(stage, [0, 1, 2, "3", 4, 5, 6, 7, "eight"]);
    const cluster = await Cluster.start(stage, { agents, tasks });
    const folder = new CellFolder(cluster.files.output, "one", "listed");
    const { time, output, ...rest } = JSON.parse(resultLine(1, { messages: 6 }));
    const kept = [
      resultLine(0),
      pythonJson({ output: { history: output.history, status: "completed", index: null }, time, ...rest }),
      resultLine("2", { status: "task limit reached", messages: 3 }),
      resultLine(3),
      resultLine(4, { status: "task error", result: "Traceback ..." }),
      resultLine(5, { result: { f1: new PythonNumber("NaN"), text: 'NaN "quoted"' } }),
      resultLine(99),
      resultLine(0, { result: "again" }),
    ].map((line) => `${line}\n`);
    stage.write("output/config.yaml", v02Config);
    const torn = resultLine(6).slice(0, 40);
    stage.write("output/one/listed/runs.jsonl", kept.join("") + torn);
    const failures = `${errorLine(0, "AGENT_FAILED")}\n${errorLine(7, "NETWORK_ERROR")}\n`;
    stage.write("output/one/listed/error.jsonl", failures);

    const run = cluster.assign();

    expect(await run.ends(), run.report).toEqual({ code: 0, signal: null });
    expect(started(stage)).toEqual(['"eight"', "6", "7"]);
    expect(read(folder.runs).startsWith(kept.join(""))).toBe(true);
    expect(readAsV02AfterNaN(folder.runs)).toEqual(["0", "1", "2", "3", "4", "5", "6", "7", "99", "eight"]);
    expect(read(`${folder.runs}.torn`)).toBe(`${torn}\n`);
    expect(read(folder.errors)).toBe(failures);
    expect(run.stderr).toContain("the last line is torn");
    expect(run.stderr).toMatch(/one \/ listed: 1 recorded samples are no longer in the task/);
    expect(run.stdout).toMatch(/task errors/);
    const overall = JSON.parse(read(folder.overall));
    expect(overall).toMatchObject({ total: 9, not_in_task: 1 });
    const { completed, average_history_length: average } = overall.validation;
    expect([completed, overall.validation["task error"], average]).toEqual([7 / 9, 1 / 9, 23 / 9]);
    expect(overall.custom.indices.slice(0, 6)).toEqual([0, 1, 2, "3", 4, 5]);
    expect(read(stage.path("output/config.yaml"))).not.toBe(v02Config);

    const before = [folder.runs, folder.overall, folder.errors].map(read);
    const again = cluster.assign();

    expect(await again.ends(), again.report).toEqual({ code: 0, signal: null });
    expect(started(stage)).toHaveLength(3);
    expect([folder.runs, folder.overall, folder.errors].map(read)).toEqual(before);
  });

  test("needs no worker and no controller when each cell has its overall.json", async ({ stage }) => {
    const nowhere = "http://127.0.0.1:9/api";
    const { assignments, output } = writeEvaluation(stage, {
      controller: nowhere,
      agents,
      tasks: listed(stage, [0, 1]),
    });
    const folder = new CellFolder(output, "one", "listed");
    stage.write("output/one/listed/runs.jsonl", `${resultLine(0)}\n${resultLine(1)}\n`);
    const statistics = { completed: new PythonNumber("1.0"), average_history_length: new PythonNumber("2.0") };
    const overall = { total: 2, validation: statistics, custom: { f1: new PythonNumber("NaN"), main: 0.25 } };
    stage.write("output/one/listed/overall.json", pythonJson(overall).replaceAll(", ", ",\n    "));
    const before = [folder.runs, folder.overall].map(read);

    const run = stage.start("assigner", ["--config", assignments]);

    expect(await run.ends(), run.report).toEqual({ code: 0, signal: null });
    expect(run.stdout).toContain("main 0.25");
    expect([folder.runs, folder.overall].map(read)).toEqual(before);
  });
});

describe("a folder that this assigner wrote", () => {
  test("is accepted by v0.2: every result, and an overall with v0.2's keys and values", async ({ stage }) => {
    const indices = [0, 1, 2, "drei", "četyři"];
    const refusing = { one: { ...agents.one, parameters: { refuses: "Sample 2:" } } };
    const cluster = await Cluster.start(stage, { agents: refusing, tasks: listed(stage, indices) });
    const folder = new CellFolder(cluster.files.output, "one", "listed");

    const run = cluster.assign();

    expect((await run.ends()).code, run.report).toBe(1);
    expect([...readAsV02(folder.runs).keys()].map(String).sort()).toEqual(["0", "1", "drei", "četyři"]);
    // v0.2 goes by this file alone: what has only failed is run again, and there is no overall that would stop it.
    expect(existsSync(folder.overall)).toBe(false);
    expect(folder.failures().map(({ index, error }) => [index, error])).toEqual([[2, "AGENT_FAILED"]]);

    stage.write("configs/assignments.yaml", read(cluster.files.assignments).replace("Sample 2:", "nothing at all"));
    const next = cluster.assign();

    expect(await next.ends(), next.report).toEqual({ code: 0, signal: null });
    const results = readAsV02(folder.runs);
    expect([...results.keys()].map(String).sort()).toEqual(["0", "1", "2", "drei", "četyři"]);
    const overall = JSON.parse(read(folder.overall));
    const expected = { ...overallAsV02([...results.values()]), custom: { indices: [...results.keys()] } };
    expect(JSON.stringify(overall)).toBe(JSON.stringify(expected));
    expect(read(folder.overall)).toBe(`${JSON.stringify(overall, undefined, 4)}\n`);
  });
});

/** The indices of a runs.jsonl in which v0.2 itself has written a number that JSON does not have. */
function readAsV02AfterNaN(file: string): string[] {
  const lines = read(file).trimEnd().replace(": NaN,", ": null,").split("\n");
  return [...new Set(lines.map((line) => String(JSON.parse(line).index)))].sort();
}
