import { describe, expect, test } from "vitest";
import { expandOutput, parseEvaluationConfig } from "./evaluation-config.js";

const definition = {
  agent: { model: { module: "pkg#Agent", parameters: { url: "http://localhost" } }, unused: { nothing: true } },
  task: { db: { module: "pkg#Client", parameters: null, docker: { command: "x" }, data_file: 3 } },
};
const valid = {
  definition,
  concurrency: { agent: { model: 4 }, task: { db: 2, unused: "no number" } },
  assignments: { agent: ["model"], task: "db" },
};

function problemsOf(raw: unknown): string[] {
  const parsed = parseEvaluationConfig(raw);
  return "problems" in parsed ? parsed.problems.map(({ path, message }) => `${path.join(".")}: ${message}`) : [];
}

describe("a configuration", () => {
  test("is reduced to the used definitions, with defaults", () => {
    const parsed = parseEvaluationConfig(valid);
    if ("problems" in parsed) throw new Error(JSON.stringify(parsed.problems));
    expect(parsed.config).toEqual({
      agents: new Map([["model", { module: "pkg#Agent", parameters: { url: "http://localhost" } }]]),
      tasks: new Map([["db", { module: "pkg#Client", parameters: {} }]]),
      concurrency: { agent: new Map([["model", 4]]), task: new Map([["db", 2]]) },
      cells: [{ agent: "model", task: "db", priority: 0 }],
      output: "output/{TIMESTAMP}",
      dispatch: { runner: undefined, parameters: {}, centers: {} },
      epochs: 1,
      limits: {},
      warnings: [],
    });
  });

  test("has all its problems reported at once", () => {
    const problems = problemsOf({
      definition,
      concurrency: { agent: { model: 0 } },
      assignments: [{ agent: "model", task: "db" }, { agent: ["modle"], task: "constructor" }, { agent: 7 }],
      output: 5,
      epochs: 1.5,
      sample_timeout: 0,
      max_turns: "many",
      circuit: -1,
    });
    expect(problems).toEqual([
      "assignments.2.agent: must be a name or a list of names",
      "assignments.2.task: must be a name or a list of names",
      "assignments.1.agent: agent modle is not defined; known: model, unused",
      "assignments.1.task: task constructor is not defined; known: db",
      "concurrency.agent.model: must be a positive integer",
      "concurrency.task.db: is missing: the maximum number of samples in flight for task db",
      "output: must be a path",
      "epochs: must be a positive integer",
      "sample_timeout: must be more than 0 seconds",
      "max_turns: must be a positive integer",
      "circuit: must be an integer of at least 0",
    ]);
  });

  test.each([[null], [[]], ["text"]])("must be a mapping: %j", (raw) => {
    expect(problemsOf(raw)).toEqual([": must be a mapping"]);
  });

  test.each([[undefined], [[]], [null], ["model"]])("needs assignments: %j", (assignments) => {
    expect(problemsOf({ ...valid, assignments })).toEqual([
      "assignments: must be a list of {agent, task} with at least one entry",
    ]);
  });

  test("must define what its assignments use", () => {
    expect(problemsOf({ ...valid, assignments: { agent: "unused", task: "db" } })).toEqual([
      "definition.agent.unused.module: must be a string such as package#Export",
      "concurrency.agent.unused: is missing: the maximum number of samples in flight for agent unused",
    ]);
  });

  test("warns of duplicates", () => {
    const parsed = parseEvaluationConfig({ ...valid, assignments: [valid.assignments, valid.assignments] });
    expect(parsed).toMatchObject({
      config: { cells: [{ agent: "model", task: "db" }], warnings: [expect.any(String)] },
    });
  });
});

test("the output's placeholders are local time", () => {
  const date = new Date(2024, 0, 2, 3, 4, 5);
  expect(expandOutput("output/{TIMESTAMP}", date)).toBe("output/2024-01-02-03-04-05");
  expect(expandOutput("{TIMESTAMP_DATE}/{TIMESTAMP_TIME}/{OTHER}", date)).toBe("2024-01-02/03-04-05/{OTHER}");
});

test("reads the settings of a distributed run", () => {
  const distributed = { redis: "redis://${env:HOST}:6379", redis_timeout: 60, lock: 10, run: "nightly" };
  expect(parseEvaluationConfig({ ...valid, distributed })).toMatchObject({
    config: { dispatch: { runner: "distributed", centers: { distributed } } },
  });
  const wrong = parseEvaluationConfig({ ...valid, distributed: { redis: "", lock: 1 } });
  const problems = [{ path: ["distributed", "redis"] }, { path: ["distributed", "lock"] }];
  expect(wrong).toMatchObject({ problems });
});
