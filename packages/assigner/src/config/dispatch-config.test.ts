import { describe, expect, it } from "vitest";
import { ConfigReader } from "./config-reader.js";
import { chooseCenter, type DispatchFlags, readDispatch } from "./dispatch-config.js";

const folders = { configDir: "/configs", cwd: "/here" };

function read(raw: Record<string, unknown>) {
  const reader = new ConfigReader(raw);
  return { dispatch: readDispatch(reader, raw), problems: reader.problems };
}

function choose(raw: Record<string, unknown>, flags: DispatchFlags = {}) {
  return chooseCenter(read(raw).dispatch, flags, folders);
}

describe("the chosen center", () => {
  it.each([
    ["flow by default", {}, {}, "flow", {}],
    ["the runner of the file", { runner: "local" }, {}, "local", {}],
    ["the center whose options the file has", { data_parallel: 4 }, {}, "data_parallel", { runners: 4 }],
    [
      "with its options",
      { data_parallel: { runners: 2, deadline_s: 5 } },
      {},
      "data_parallel",
      { runners: 2, deadline_s: 5 },
    ],
    ["the file's runner, overriding options of another", { runner: "flow", data_parallel: 4 }, {}, "flow", {}],
    ["the flag, overriding the file", { runner: "local" }, { runner: "dummy" }, "dummy", {}],
    [
      "an option as a flag, overriding the file",
      { runner: "flow", data_parallel: 2 },
      { dataParallel: 3 },
      "data_parallel",
      { runners: 3 },
    ],
    ["the runner flag, overriding an option flag", {}, { runner: "dummy", dataParallel: 3 }, "dummy", {}],
    [
      "distributed for a Redis flag",
      {},
      { distributed: { redis: "redis://r" } },
      "distributed",
      { redis: "redis://r" },
    ],
    ["not distributed for the environment's Redis alone", {}, { env: { EVAL_REDIS: "redis://r" } }, "flow", {}],
    [
      "with the environment's Redis overriding the file's",
      { distributed: { redis: "redis://file", lock: 9 } },
      { env: { EVAL_REDIS: "redis://r" } },
      "distributed",
      { redis: "redis://r", lock: 9 },
    ],
    [
      "with a limit for attempts whose runner is lost",
      {},
      { dataParallel: 2, maxAttempts: 5 },
      "data_parallel",
      { runners: 2 },
    ],
    [
      "tasks in process, from the file's folder",
      { local: { in_process: "t.yaml" } },
      {},
      "local",
      { in_process: "/configs/t.yaml" },
    ],
    [
      "tasks in process, from the working directory",
      {},
      { inProcess: "t.yaml" },
      "local",
      { in_process: "/here/t.yaml" },
    ],
    [
      "a custom center, with parameters",
      { runner: { module: "/m.mjs#C", parameters: { a: 1 } } },
      {},
      "/m.mjs#C",
      { a: 1 },
    ],
    [
      "another custom center by flag, without the file's parameters",
      { runner: { module: "/m.mjs#C", parameters: { a: 1 } } },
      { runner: "./o.mjs" },
      "./o.mjs",
      {},
    ],
  ] as const)("%s", (_, raw, flags, runner, parameters) => {
    expect(choose(raw, flags)).toEqual({ runner, parameters });
  });

  it("is required if the file has options of two centers", () => {
    expect(read({ data_parallel: 2, local: {} }).problems).toEqual([
      { path: ["runner"], message: expect.stringContaining("data_parallel and local") },
    ]);
  });

  it("has invalid options reported", () => {
    const { problems } = read({ runner: 3, data_parallel: 0, local: "x" });
    expect(problems.map(({ path }) => path[0])).toEqual(["runner", "data_parallel", "local"]);
  });

  it.each([
    [{ runner: "flow", inProcess: "t.yaml" }, "--in-process is for --runner local; this is flow"],
    [{ runner: "flow", dataParallel: 2 }, "--data-parallel is for --runner data_parallel"],
    [{ dataParallel: 2, distributed: { redis: "redis://r" } }, "--data-parallel is for"],
    [{ inProcess: "t.yaml", distributed: { redis: "redis://r" } }, "--redis is for --runner distributed"],
    [{ runner: "./own.mjs", distributed: { redis_timeout: 3 } }, "--redis-timeout is for"],
    [{ distributed: { run: "zz" } }, "--run is for --runner distributed; this is flow"],
    [{ maxAttempts: 5 }, "--max-attempts needs --auto-retry"],
    [{ runner: "local", maxAttempts: 5 }, "--max-attempts needs --auto-retry"],
  ])("refuses options that would be ignored: %j", (flags, message) => {
    expect(() => choose({}, flags)).toThrow(message);
  });

  it("accepts --max-attempts with --auto-retry", () => {
    expect(choose({}, { maxAttempts: 5, autoRetry: true }).runner).toBe("flow");
  });

  it("limits times to a day, which a timer supports", () => {
    expect(read({ data_parallel: { deadline_s: 86_400 } }).problems).toEqual([]);
    expect(read({ data_parallel: { deadline_s: 3_000_000 } }).problems).toMatchObject([
      { path: ["data_parallel", "deadline_s"] },
    ]);
  });
});
