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

describe("which centre runs", () => {
  it.each([
    ["flow by default", {}, {}, "flow", {}],
    ["what the file names", { runner: "local" }, {}, "local", {}],
    ["the centre whose option the file has", { data_parallel: 4 }, {}, "data_parallel", { runners: 4 }],
    [
      "with its options",
      { data_parallel: { runners: 2, deadline_s: 5 } },
      {},
      "data_parallel",
      { runners: 2, deadline_s: 5 },
    ],
    ["what the file names, above options for another", { runner: "flow", data_parallel: 4 }, {}, "flow", {}],
    ["the flag above the file", { runner: "local" }, { runner: "dummy" }, "dummy", {}],
    [
      "an option as a flag above the file",
      { runner: "flow", data_parallel: 2 },
      { dataParallel: 3 },
      "data_parallel",
      { runners: 3 },
    ],
    ["a runner's flag above an option's", {}, { runner: "dummy", dataParallel: 3 }, "dummy", {}],
    ["the one of a Redis", {}, { distributed: { redis: "redis://r" } }, "distributed", { redis: "redis://r" }],
    ["none for the environment's Redis", {}, { env: { EVAL_REDIS: "redis://r" } }, "flow", {}],
    [
      "with the environment's Redis above the file's",
      { distributed: { redis: "redis://file", lock: 9 } },
      { env: { EVAL_REDIS: "redis://r" } },
      "distributed",
      { redis: "redis://r", lock: 9 },
    ],
    ["and how often what is lost is run", {}, { dataParallel: 2, maxAttempts: 5 }, "data_parallel", { runners: 2 }],
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
    ["one's own, with parameters", { runner: { module: "/m.mjs#C", parameters: { a: 1 } } }, {}, "/m.mjs#C", { a: 1 }],
    [
      "another one's own by flag, without them",
      { runner: { module: "/m.mjs#C", parameters: { a: 1 } } },
      { runner: "./o.mjs" },
      "./o.mjs",
      {},
    ],
  ] as const)("%s", (_, raw, flags, runner, parameters) => {
    expect(choose(raw, flags)).toEqual({ runner, parameters });
  });

  it("is asked for where the file has options of two and names none", () => {
    expect(read({ data_parallel: 2, local: {} }).problems).toEqual([
      { path: ["runner"], message: expect.stringContaining("data_parallel and local") },
    ]);
  });

  it("is told what is wrong with its options", () => {
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
  ])("refuses what would be ignored: %j", (flags, message) => {
    expect(() => choose({}, flags)).toThrow(message);
  });

  it("takes how often failed samples are tried with --auto-retry", () => {
    expect(choose({}, { maxAttempts: 5, autoRetry: true }).runner).toBe("flow");
  });

  it("lives with times of a day at most, which a timer can count", () => {
    expect(read({ data_parallel: { deadline_s: 86_400 } }).problems).toEqual([]);
    expect(read({ data_parallel: { deadline_s: 3_000_000 } }).problems).toMatchObject([
      { path: ["data_parallel", "deadline_s"] },
    ]);
  });
});
