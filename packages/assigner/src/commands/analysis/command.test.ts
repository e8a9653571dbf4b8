import { readFileSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { BinProcess, makeFolder } from "../../testing/bin-process.js";

const config = {
  definition: {
    agent: { "gpt-4": { module: "x" }, "=cmd,|x": { module: "x" }, idle: { module: "x" } },
    task: {
      own: { module: "x" },
      "webshop-std": { module: "x" },
      "dbbench-std": { module: "x" },
      "os-std": { module: "x" },
    },
  },
};

/** The format of v0.2; its earlier versions spell this status `TASK_ERROR`. */
const overall = (shares: Record<string, number>, custom: unknown) =>
  JSON.stringify(
    {
      total: 4,
      validation: { running: 0, completed: 0, ...shares, average_history_length: 5.5, max_history_length: 9 },
      custom,
    },
    undefined,
    4,
  );

const files = {
  "configs/assignments/definition.yaml": config,
  "out/2024-01-01/gpt-4/os-std/overall.json": overall({ completed: 1 }, { overall: { acc: 0.1 } }),
  "out/2024-01-02/gpt-4/os-std/overall.json": overall(
    { completed: 0.5, unknown: 0.25, TASK_ERROR: 0.25 },
    { overall: { acc: 0.25 } },
  ),
  "out/2024-01-03/gpt-4/os-std/overall.json": '{"total": 4, "validation": {',
  "out/2024-01-02/gpt-4/dbbench-std/overall.json": overall(
    { completed: 0.75, "agent context limit": 0.25 },
    { overall_cat_accuracy: 0.3333333333333333, other: Number.NaN },
  ).replace('"other": null', '"other": NaN'),
  "out/2024-01-02/gpt-4/own/overall.json": overall({ completed: 1 }, { metric: "loss", loss: -1.5 }),
  "out/2024-01-02/gpt-4/own/epoch-2/overall.json": overall({ completed: 1 }, { metric: "loss", loss: 7 }),
  "out/2024-01-02/=cmd,%7Cx/webshop-std/overall.json": { custom: { reward: 0.5 } },
  "out/2024-01-02/stranger/os-std/overall.json": overall({}, {}),
  "out/2024-01-02/gpt-4/foreign/overall.json": overall({}, {}),
  "out/2024-01-02/gpt-4/foreign-repeated/epoch-2/overall.json": overall({}, {}),
};

/** Sets the files' times to the dates in the folder names. */
async function prepared(): Promise<string> {
  const folder = await makeFolder(files);
  for (const name of Object.keys(files)) {
    const [, day] = /out\/(\S+?)\//.exec(name) ?? [];
    if (day !== undefined) utimesSync(join(folder, name), new Date(`${day}T12:00:00`), new Date(`${day}T12:00:00`));
  }
  return folder;
}

const analyze = (cwd: string, ...args: string[]) => new BinProcess(["analyze", ...args], { cwd }).end();

describe("npx @eval/assigner analyze", () => {
  test("writes the same files as v0.2's analysis, from the newest readable results", async () => {
    const cwd = await prepared();
    const { code, stdout, stderr } = await analyze(cwd, "-o", "out", "-s", "deep/saved");
    expect([code, stderr]).toEqual([0, expect.any(String)]);

    const read = (name: string) => readFileSync(join(cwd, "deep/saved", name), "utf8");
    expect(read("summary.csv")).toBe(
      "Agent\\Task,os-std,dbbench-std,webshop-std,own\n" +
        "gpt-4,0.25,0.3333333333333333,,-1.5\n" +
        `"'=cmd,|x",,,0.5,\n`,
    );
    const head = "Completed,Context Limit Exceeded,Invalid Format,Invalid Action,Task Limit Exceeded\n";
    expect(read("agent_validation.csv")).toBe(
      `Agent\\Validation,${head}gpt-4,0.75,${0.25 / 3},0,0,${0.5 / 3}\n"'=cmd,|x",--,--,--,--,--\n`,
    );
    expect(read("task_validation.csv")).toBe(
      `Task\\Validation,${head}os-std,0.5,0,0,0,0.5\ndbbench-std,0.75,0.25,0,0,0\nwebshop-std,--,--,--,--,--\nown,1,0,0,0,0\n`,
    );
    const result = JSON.parse(read("result.json"));
    expect(result.summary).toEqual({
      "gpt-4": { "dbbench-std": 0.3333333333333333, "os-std": 0.25, own: -1.5 },
      "=cmd,|x": { "webshop-std": 0.5 },
    });
    expect(result.details["gpt-4"]["os-std"]).toEqual({
      file: join(cwd, "out/2024-01-02/gpt-4/os-std/overall.json"),
      time: "2024-01-02 12:00:00",
      overall: {
        custom: { overall: { acc: 0.25 } },
        total: 4,
        validation: {
          Completed: 0.5,
          "Context Limit Exceeded": 0,
          "Invalid Action": 0,
          "Invalid Format": 0,
          "Task Limit Exceeded": 0.5,
        },
      },
    });
    expect(read("result.json")).toMatch(/^\{\n {4}"details": \{\n {8}"=cmd/);
    expect(read("result.yaml")).toMatch(/^details:\n {2}=cmd,\|x:\n[\s\S]*^summary:\n[\s\S]*^ {4}own: -1\.5\n/m);

    expect(stdout).toMatch(/gpt-4 *│ *0\.25 *│ *0\.3333 *│ *│ *-1\.5 *│/);
    for (const name of ["result.json", "result.yaml", "summary.csv", "agent_validation.csv", "task_validation.csv"]) {
      expect(stdout).toContain(`Written: ${join(cwd, "deep/saved", name)}\n`);
    }
    expect(stderr).toContain(`${join(cwd, "out/2024-01-03/gpt-4/os-std/overall.json")} is ignored: it is incomplete`);
    expect(stderr).toMatch(/has no agent stranger"/);
    expect(stderr).toMatch(/has no task foreign, foreign-repeated"/);
    expect(stderr).not.toContain("epoch-2");
  });

  test("ignores results older than --time, and replaces the files of an earlier analysis", async () => {
    const cwd = await prepared();
    const first = await analyze(cwd, "-o", "out/2024-01-01", "-t", "2024-01-01 12:00:00");
    expect([first.code, first.stderr]).toEqual([0, ""]);
    expect(readFileSync(join(cwd, "analysis/summary.csv"), "utf8")).toBe("Agent\\Task,os-std\ngpt-4,0.1\n");
    expect((await analyze(cwd, "-o", "out", "-t", "2024-01-02")).code).toBe(0);
    expect(readFileSync(join(cwd, "analysis/summary.csv"), "utf8")).toContain("gpt-4,0.25,");
  });

  test.each([
    [
      ["-o", "out", "-t", "2024-02"],
      2,
      /no usable AGENT\/TASK\/overall\.json in \S+ \(ignored: 6 older than --time, 3 of agents or tasks/,
    ],
    [
      ["-o", "configs"],
      2,
      /no result to analyze: no usable AGENT\/TASK\/overall\.json in \S+configs \(OUTPUT_INVALID\)/,
    ],
    [["-o", "nowhere"], 2, /cannot read the folder \S+nowhere \(set the folder with the results with -o\)/],
    [["-o", "out", "-t", "soon"], 2, /--time: "soon" is not a time; expected /],
    [["-o", "out", "-c", "none.yaml"], 2, /configuration file not found: none\.yaml/],
    [["-o", "out", "-c", "bare.yaml"], 2, /bare\.yaml: definition\.agent: is missing[\s\S]*definition\.task/],
    [["-o", "out", "-s", "bare.yaml"], 1, /cannot write \S+bare\.yaml\/result\.json/],
    [["-o", "out", "extra"], 2, /too many arguments/],
  ])("%j exits with %i and gives the reason", async (args, exit, message) => {
    const cwd = await prepared();
    writeFileSync(join(cwd, "bare.yaml"), "definition: {}\n");
    const { code, stdout, stderr } = await analyze(cwd, ...args);
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/^\s+at .+:\d+/m);
    expect([code, stdout]).toEqual([exit, ""]);
  });
});
