import { expect } from "vitest";
import { Cluster } from "./harness/cluster.js";
import { allIndices, CellFolder } from "./harness/journal.js";
import { RedisServer } from "./harness/redis-server.js";
import { fixture } from "./harness/repository.js";
import { missingRedisServer, skipBecause } from "./harness/requirements.js";
import { test } from "./harness/stage.js";

const samples = 500;

/** Without it all runners but the distributed one are compared. */
const isWithoutRedis = skipBecause(missingRedisServer());

test("500 samples have the same results under every runner", { timeout: 240_000 }, async ({ stage }) => {
  const cluster = await Cluster.start(stage, {
    agents: { prompt: { module: `${fixture("paced-agent.mjs")}#PacedAgent`, concurrency: 16 } },
    tasks: {
      virtual: { module: "@eval/tasks#VirtualTask", parameters: { samples, concurrency: 16 }, concurrency: 16 },
    },
  });
  const run = async (name: string, flags: string[]) => {
    const output = stage.path(name);
    const assigner = cluster.assign(["--output", output, ...flags]);
    expect(await assigner.ends(), assigner.report).toEqual({ code: 0, signal: null });
    const folder = new CellFolder(output, "prompt", "virtual");
    expect(folder.indices()).toEqual(allIndices(samples));
    expect(folder.failures()).toEqual([]);
    return folder.results().sort((one, other) => one.index - other.index);
  };

  const overQueue = async () => {
    const { url } = await RedisServer.start(stage);
    const place = ["--redis", url, "--run", "same"];
    const host = () => stage.start("assigner", ["runner", ...place, "--config", cluster.files.assignments]);
    const hosts = [host(), host(), host()];
    const lines = await run("distributed", place);
    for (const one of hosts) expect(await one.ends(), one.report).toEqual({ code: 0, signal: null });
    return lines;
  };

  const flow = await run("flow", []);
  const local = await run("local", ["--runner", "local"]);
  const parallel = await run("data_parallel", ["--data-parallel", "4"]);
  const distributed = isWithoutRedis ? [] : [await overQueue()];

  const bodies = (lines: typeof flow) =>
    lines.map(({ index, error, info, output }) => ({ index, error, info, output }));
  expect(bodies(local)).toEqual(bodies(flow));
  expect(bodies(parallel)).toEqual(bodies(flow));
  for (const lines of distributed) expect(bodies(lines)).toEqual(bodies(flow));
  // One at a time, in order: the time stamps of the lines never go back.
  const times = local.map(({ time }) => time.timestamp);
  expect(times).toEqual(times.toSorted((one, other) => one - other));
});
