import { existsSync, readFileSync } from "node:fs";
import { waitFor } from "@eval/protocol/testing";
import { describe, expect } from "vitest";
import { Cluster } from "./harness/cluster.js";
import { allIndices, CellFolder } from "./harness/journal.js";
import { fixture } from "./harness/repository.js";
import { type Stage, test } from "./harness/stage.js";

/** Runner processes whose agent is made once `openGate` was called, or whose agent ends them as soon as it is made. */
async function start(stage: Stage, { isDeadly = false } = {}) {
  const log = stage.path("starts.log");
  const cluster = await Cluster.start(stage, {
    agents: {
      a: {
        module: `${fixture("slow-start-agent.mjs")}#SlowStartAgent`,
        parameters: { log, gate: stage.path("gate"), deadly: isDeadly },
        concurrency: 4,
      },
    },
    tasks: {
      t: {
        module: `${fixture("noting-task.mjs")}#NotingTask`,
        parameters: { samples: 8, concurrency: 4, log: stage.path("task.log") },
        concurrency: 4,
      },
    },
  });
  const starts = () => (existsSync(log) ? readFileSync(log, "utf8").split("\n").slice(0, -1).map(Number) : []);
  return {
    cluster,
    starts,
    openGate: () => stage.write("gate", ""),
    folder: new CellFolder(cluster.files.output, "a", "t"),
  };
}

describe("a runner process that is lost while it starts", () => {
  test.for([1, 2])("is replaced, and the run goes on, with %i runners", async (runners, { stage }) => {
    const { cluster, starts, openGate, folder } = await start(stage);
    const run = cluster.assign(["--data-parallel", String(runners)]);
    for (let kill = 1; kill <= 3; kill++) {
      const count = runners + kill - 1;
      await waitFor(() => starts().length === count, { what: `start ${count}`, deadlineMs: 60_000 });
      process.kill(starts().at(-1) as number, "SIGKILL");
    }
    await waitFor(() => starts().length === runners + 3, { what: "the last start", deadlineMs: 60_000 });
    openGate();

    expect(await run.ends(), run.report).toEqual({ code: 0, signal: null });
    expect(run.stderr.match(/it ended with signal SIGKILL; its replacement starts in/g)).toHaveLength(3);
    expect(folder.indices()).toEqual(allIndices(8));
  });

  test("five times in a row ends the launch, with the reason", async ({ stage }) => {
    const { cluster, starts } = await start(stage, { isDeadly: true });

    const run = cluster.assign(["--data-parallel", "1"]);

    expect(await run.ends(), run.report).toMatchObject({ code: 1 });
    expect(starts()).toHaveLength(5);
    expect(run.stderr).toMatch(/runner 1 failed too often in a row; last failure: it ended with signal SIGKILL/);
    expect(run.stderr).not.toMatch(/^\s+at /m);
  });
});
