import { describe, expect } from "vitest";
import { Cluster } from "./harness/cluster.js";
import { allIndices, CellFolder } from "./harness/journal.js";
import { fixture } from "./harness/repository.js";
import { type Stage, test } from "./harness/stage.js";

const stuckAgent = (stuck_at: string[]) => ({
  module: `${fixture("stuck-agent.mjs")}#StuckAgent`,
  parameters: { stuck_at },
  concurrency: 1,
});

/** The assigner may have one sample of it in flight, its worker several. */
const stuckTask = (parameters: Record<string, unknown>) => ({
  module: `${fixture("stuck-task.mjs")}#StuckTask`,
  parameters: { samples: 6, concurrency: 4, ...parameters },
  concurrency: 1,
});

/** Seconds; what is not stuck takes far less, on a busy machine too. */
const sampleTimeout = 4;

async function timedOut(stage: Stage, agent: ReturnType<typeof stuckAgent>, task: ReturnType<typeof stuckTask>) {
  const cluster = await Cluster.start(stage, { agents: { agent }, tasks: { task } });
  const run = cluster.assign(["--sample-timeout", String(sampleTimeout)]);
  expect(await run.ends(), run.report).toEqual({ code: 1, signal: null });
  const folder = new CellFolder(cluster.files.output, "agent", "task");
  return { cluster, run, folder };
}

describe("a sample that takes too long", () => {
  test("affects only its own result when the agent hangs", async ({ stage }) => {
    const { cluster, run, folder } = await timedOut(stage, stuckAgent(["Sample 0", "Sample 3"]), stuckTask({}));

    expect(folder.indices()).toEqual([1, 2, 4, 5]);
    expect(folder.failures()).toMatchObject(
      [0, 3].map((index) => ({
        index,
        error: "SAMPLE_TIMEOUT",
        info: expect.stringContaining(`${sampleTimeout} s`),
        output: { status: "running", history: [{ role: "user", content: `Sample ${index}` }] },
      })),
    );
    expect(run.stdout).toContain("timed out");
    expect(run.stderr).toContain("2 failed (2 timed out)");
    await cluster.controller.untilIdle("task");
  });

  test("affects only its own result when the task hangs, during a turn or before the first", async ({ stage }) => {
    const task = stuckTask({ stuck_at_start: [1], stuck_in_turn: [2] });
    const { folder } = await timedOut(stage, stuckAgent([]), task);

    expect(folder.indices()).toEqual([0, 3, 4, 5]);
    const history = [
      { role: "user", content: "Sample 2" },
      { role: "agent", content: "heard: Sample 2" },
    ];
    expect(folder.failures()).toMatchObject([
      { index: 1, error: "SAMPLE_TIMEOUT", output: null },
      { index: 2, error: "SAMPLE_TIMEOUT", output: { history } },
    ]);
  });
});

test("a sample that reaches the turn limit fails once with its history kept, and gets more turns in a launch that allows them", async ({
  stage,
}) => {
  const virtual = { module: "@eval/tasks#VirtualTask", parameters: { samples: 4, rounds: 4, concurrency: 4 } };
  const cluster = await Cluster.start(stage, {
    agents: { agent: { ...stuckAgent([]), concurrency: 4 } },
    tasks: { task: { ...virtual, concurrency: 4 } },
  });
  const folder = new CellFolder(cluster.files.output, "agent", "task");

  const limited = cluster.assign(["--max-turns", "2", "--auto-retry"]);
  expect(await limited.ends(), limited.report).toEqual({ code: 1, signal: null });
  expect(folder.results()).toEqual([]);
  expect(folder.failures()).toHaveLength(4);
  for (const { error, output } of folder.failures()) {
    expect(error).toBe("TURN_LIMIT");
    expect(output?.history?.filter(({ role }) => role === "agent")).toHaveLength(2);
  }
  expect(limited.stdout).toContain("turn limit");
  await cluster.controller.untilIdle("task");

  const free = cluster.assign(["--max-turns", "4"]);
  expect(await free.ends(), free.report).toEqual({ code: 0, signal: null });
  expect(folder.indices()).toEqual(allIndices(4));
});
