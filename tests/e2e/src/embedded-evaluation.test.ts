import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { inspect } from "node:util";
import { type EvaluateOptions, type EvaluationEvent, evaluate } from "@eval/assigner";
import { type RunningController, runController } from "@eval/controller";
import { silentLogger } from "@eval/protocol/logger";
import type { Task } from "@eval/protocol/task";
import { type RunningWorker, runWorker } from "@eval/worker";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

/** Echoes; `overall` may be replaced. Two turns, so that a session has a life between them. */
class EchoTask implements Task {
  readonly name = "echo";
  readonly concurrency = 4;
  overall: () => Promise<number> = async () => 1;
  getIndices = () => [...Array(12).keys()];
  calculateOverall = () => this.overall();
  startSample: Task["startSample"] = async (index, session) => {
    await session.action(`first ${index}`);
    const answer = await session.action(`second ${index}`);
    return answer.status === "normal" ? { status: "completed", result: answer.content } : { status: "unknown" };
  };
}

const echoAgent = "export default () => ({ inference: async (history) => history.at(-1).content });";

let folder = "";
let controller: RunningController;
let worker: RunningWorker;
let task: EchoTask;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "embedded-"));
  controller = await runController({ port: 0, logger: silentLogger });
  task = new EchoTask();
  worker = await runWorker({ task, port: 0, controller: controller.address, logger: silentLogger });
});

afterEach(async () => {
  await worker.stop(0);
  await controller.stop();
  await rm(folder, { recursive: true });
});

async function run(agent: string, options: EvaluateOptions = {}, settings: object = {}) {
  await writeFile(join(folder, "agent.mjs"), agent);
  const client = { module: "@eval/assigner#TaskClient", parameters: { controller_address: controller.address } };
  const value = {
    definition: { agent: { a: { module: "./agent.mjs" } }, task: { echo: client } },
    concurrency: { agent: { a: 4 }, task: { echo: 4 } },
    assignments: { agent: "a", task: "echo" },
    output: "out",
    ...settings,
  };
  return evaluate({ value, dir: folder }, { cwd: folder, waitForWorkersMs: 5_000, ...options });
}

const lines = async (name: string) => {
  const text = await readFile(join(folder, "out", "a", "echo", name), "utf8");
  return text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
};

describe("any value that an agent throws", () => {
  test.each([
    ["an error that is its own cause", "const error = new Error('loop'); error.cause = error; throw error;"],
    ["an object without a prototype", "throw Object.create(null);"],
    ["an error whose message is no text", "const error = new Error(); error.message = { odd: true }; throw error;"],
  ])("%s costs its sample, and nothing else", async (_what, statement) => {
    const agent = `export default () => ({ async inference(history) {
      const { content } = history.at(-1);
      if (content === "first 3") { ${statement} }
      return content;
    } });`;
    const report = await run(agent);
    expect(report).toMatchObject({ outcome: "failed", rows: [{ done: 11, failed: 1, remaining: 0 }] });
    expect(await lines("error.jsonl")).toMatchObject([{ index: 3, error: "AGENT_FAILED", info: expect.any(String) }]);
    expect(worker.host.current).toBe(0);
  });
});

test("a listener that throws does not disturb the run", async () => {
  const heard = new Set<string>();
  const onEvent = ({ type }: EvaluationEvent) => {
    heard.add(type);
    throw new Error("a listener's fault");
  };
  expect((await run(echoAgent, { onEvent })).outcome).toBe("complete");
  expect([...heard].sort()).toEqual(["ended", "granted", "overall", "planned", "settled"]);
});

test("a run that is stopped during its aggregation is interrupted, and the next run calculates it", async () => {
  const stop = new AbortController();
  let release: (value: number) => void = () => {};
  task.overall = () => {
    queueMicrotask(() => stop.abort());
    return new Promise((resolve) => {
      release = resolve;
    });
  };
  expect((await run(echoAgent, { signal: stop.signal })).outcome).toBe("interrupted");
  await expect(readFile(join(folder, "out", "a", "echo", "overall.json"))).rejects.toThrow("ENOENT");
  release(0);
  task.overall = async () => 7;
  expect((await run(echoAgent)).outcome).toBe("complete");
  expect(JSON.parse(await readFile(join(folder, "out", "a", "echo", "overall.json"), "utf8"))).toMatchObject({
    total: 12,
    custom: 7,
  });
});

test("several runners of one launch do not end each other's sessions", async () => {
  const assigner = fileURLToPath(import.meta.resolve("@eval/assigner"));
  await writeFile(
    join(folder, "center.mjs"),
    `import { FlowCenter } from ${JSON.stringify(assigner)};
    export class Twofold extends FlowCenter {
      initRunners() { return super.initRunners().map((runner) => ({ ...runner, count: 2 })); }
    }`,
  );
  const slow = "export default () => ({ inference: (h) => new Promise((r) => setTimeout(r, 20, h.at(-1).content)) });";
  const report = await run(slow, { runner: "./center.mjs#Twofold" });
  expect(report).toMatchObject({ outcome: "complete", rows: [{ done: 12, failed: 0 }] });
  expect(new Set((await lines("runs.jsonl")).map(({ index }) => index)).size).toBe(12);
});

test.each<EvaluateOptions>([{ runner: "flow" }, { dataParallel: 1 }])(
  "what an agent is given stays out of the error with which it cannot be built (%j)",
  async (options) => {
    const agent =
      "export default ({ parameters }) => { throw new Error(`cannot log in with ${parameters.api_key}`); };";
    const client = { module: "@eval/assigner#TaskClient", parameters: { controller_address: controller.address } };
    const keyed = { module: "./agent.mjs", parameters: { api_key: "open-sesame" } };
    const definition = { agent: { a: keyed }, task: { echo: client } };
    const error: unknown = await run(agent, options, { definition }).catch((thrown) => thrown);
    expect(error).toMatchObject({ code: "MODULE_INVALID", message: expect.stringContaining("cannot log in with ***") });
    expect(inspect(error)).not.toContain("open-sesame");
  },
);

test.each<EvaluateOptions>([{ runner: "flow" }, { dataParallel: 2 }])(
  "where nothing is left, no agent is made (%j)",
  async (options) => {
    expect((await run(echoAgent)).outcome).toBe("complete");
    const client = { module: "@eval/assigner#TaskClient", parameters: { controller_address: controller.address } };
    const definition = { agent: { a: { module: "./gone.mjs" } }, task: { echo: client } };
    const report = await run(echoAgent, options, { definition });
    expect(report).toMatchObject({ outcome: "complete", rows: [{ done: 12, remaining: 0 }] });
  },
);

describe("rejects, before anything is started,", () => {
  test.each([
    ["a runner that does not exist", { runner: "nosuch" }, {}, "USAGE"],
    ["a runner's module that exports no class", { runner: "./agent.mjs" }, {}, "MODULE_INVALID"],
    ["a lease that the wire does not take", { leaseS: 100_000 }, {}, "USAGE"],
    ["no epoch", { epochs: 0 }, {}, "USAGE"],
    ["more epochs than anybody means", { epochs: 10_001 }, {}, "USAGE"],
    ["more epochs than anybody means, in the configuration", {}, { epochs: 10_001 }, "CONFIG_INVALID"],
    ["no turn", { maxTurns: 0 }, {}, "USAGE"],
    ["no attempt", { maxAttempts: 0 }, {}, "USAGE"],
    ["no runner process", { dataParallel: 0 }, {}, "USAGE"],
    ["less than no time for a sample", { sampleTimeoutMs: -1 }, {}, "USAGE"],
    ["no number of milliseconds to wait", { waitForWorkersMs: Number.NaN }, {}, "USAGE"],
    ["a part of a circuit", { circuit: 1.5 }, {}, "USAGE"],
  ])("%s", async (_what, options, settings, code) => {
    await expect(run(echoAgent, options, settings)).rejects.toMatchObject({ code });
  });
});
