import { ConfigProblems } from "@eval/protocol/config";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type PlanInput, planLaunch } from "./launch-plan.js";
import type { StartConfig } from "./start-config.js";

const definition = {
  a: { module: "@eval/tasks#VirtualTask", parameters: {} },
  b: { module: "./b.mjs#B" },
  boxed: {
    module: "my-task/sub#T",
    docker: { image: "image", command: "umask 0;" },
    parameters: { k: "$" + "{env:K}" },
  },
  old: { module: "src.server.tasks.dbbench.DBBench", docker: { command: "umask 0;" } },
  gone: { module: "src.server.tasks.nowhere.Task" },
  bare: { parameters: {} },
  unset: { module: "./x.mjs", parameters: { key: "$" + "{env:NOT_SET}" } },
};

function plan(input: Partial<PlanInput> & { inFile?: unknown } = {}) {
  const config: StartConfig = {
    ...{ file: "/w/start.yaml", dir: "/w", source: "start.yaml", definition },
    ...{ start: input.inFile, controller: undefined, warnings: [] },
  };
  const problems = new ConfigProblems(config.source);
  const launch = planLaunch({ config, basePort: 5001, env: { K: "v" }, ...input }, problems);
  return { ...launch, problems };
}

function messageOf(problems: ConfigProblems): string {
  try {
    problems.throwIfAny();
    return "";
  } catch (error) {
    return (error as Error).message;
  }
}

describe("planLaunch", () => {
  it("gives the workers consecutive ports in the order of the file", () => {
    const { workers, problems } = plan({ inFile: { b: 2, a: 1 } });
    expect(problems.size).toBe(0);
    expect(workers.map(({ task, number, port }) => [task, number, port])).toEqual([
      ["b", 1, 5001],
      ["b", 2, 5002],
      ["a", 1, 5003],
    ]);
  });

  it("takes --start instead of all of the file's start", () => {
    expect(plan({ inFile: { b: 2, gone: 1 }, start: ["a", "1"] }).workers).toMatchObject([{ task: "a", port: 5001 }]);
    expect(plan({ inFile: { b: 2 }, start: { a: 1 } }).workers).toMatchObject([{ task: "a" }]);
  });

  it("leaves the ports to the workers with base port 0", () => {
    expect(plan({ start: ["a", "2"], basePort: 0 }).workers.map(({ port }) => port)).toEqual([0, 0]);
  });

  it("runs a task in docker only if it has an image, with the variables that it refers to", () => {
    const { workers } = plan({ start: ["boxed", "1", "old", "1"] });
    expect(workers[0]).toMatchObject({ docker: { image: "image", command: "umask 0;" }, environment: ["K"] });
    expect(workers[1]).not.toHaveProperty("docker");
  });

  it("names each package of the started modules once", () => {
    expect(plan({ start: ["a", "1", "old", "1", "b", "1", "boxed", "1"] }).packages).toEqual([
      "@eval/tasks",
      "my-task",
    ]);
  });

  it.each([
    [{ inFile: { a: 0 } }, "start.yaml: start.a: expected a positive integer, received 0"],
    [{ inFile: { a: "2" } }, 'start.yaml: start.a: expected a positive integer, received "2"'],
    [{ inFile: ["a"] }, "start.yaml: start: expected a mapping of tasks to numbers of workers, received a list"],
    [{ inFile: {} }, "nothing to start: the start section names no task; it defines a, b"],
    [{ start: [] }, "nothing to start: --start names no task"],
    [{ start: ["a"] }, "--start: expected pairs NAME NUM, received 1 words: a"],
    [{ start: ["a", "1.5"] }, '--start: a: expected a positive integer, received "1.5"'],
    [{ start: ["a", "-1"] }, '--start: a: expected a positive integer, received "-1"'],
    [{ start: ["a", "1", "a", "1"] }, "--start: a is named twice"],
    [{ start: { a: 0.5 } }, "--start.a: expected a positive integer, received 0.5"],
    [{ start: ["nosuch", "1"] }, "start.yaml: task nosuch is not defined: it defines a, b, boxed"],
    [
      { start: ["gone", "1"] },
      "definition.gone.module: the Python module src.server.tasks.nowhere.Task does not exist here",
    ],
    [{ start: ["bare", "1"] }, "definition.bare.module: is missing: expected a text"],
    [{ start: ["unset", "1"] }, "the environment variable NOT_SET is not set"],
    [
      { start: ["a", "3"], basePort: 65_534 },
      "3 workers from port 65534 on use the ports up to 65536: the highest port is 65535",
    ],
    [{ start: ["a", "3"], controllerPort: 5003 }, "use the ports up to 5003: the controller uses port 5003"],
    [{ start: ["a", "1000000"], basePort: 0 }, "1000000 workers are too many: at most 10000 are allowed"],
  ])("reports %j", (input, message) => {
    const { problems, workers } = plan(input);
    expect(messageOf(problems)).toContain(message);
    expect(workers).toEqual([]);
  });

  it("reports everything at once", () => {
    const { problems } = plan({ start: ["a", "0", "nosuch", "2", "gone", "1", "b"], basePort: 65_535 });
    expect(problems.size).toBe(5);
  });

  it("gives every worker its own port, without gaps", () => {
    const counts = fc.uniqueArray(
      fc.tuple(fc.constantFrom("a", "b", "boxed", "old"), fc.integer({ min: 1, max: 40 })),
      {
        selector: ([name]) => name,
        minLength: 1,
      },
    );
    fc.assert(
      fc.property(counts, fc.integer({ min: 1, max: 65_000 }), (pairs, basePort) => {
        const { workers, problems } = plan({
          start: pairs.flatMap(([name, count]) => [name, String(count)]),
          basePort,
        });
        expect(problems.size).toBe(0);
        expect(workers.map(({ port }) => port)).toEqual(workers.map((_, at) => basePort + at));
        const perTask = pairs.map(([name]) => [name, workers.filter(({ task }) => task === name).length]);
        expect(perTask).toEqual(pairs);
      }),
    );
  });
});
