import { readFileSync } from "node:fs";
import { join } from "node:path";
import { waitFor } from "@eval/protocol/testing";
import { expect } from "vitest";
import { Cluster } from "./harness/cluster.js";
import { Gate } from "./harness/gate.js";
import { allIndices, CellFolder } from "./harness/journal.js";
import type { OwnedProcess } from "./harness/owned-process.js";
import { fixture } from "./harness/repository.js";
import { test } from "./harness/stage.js";

const samples = 8;

test("every sample runs once per epoch, also after interruptions, and a launch with more epochs runs only the new ones", async ({
  stage,
}) => {
  const log = stage.path("starts.log");
  const gate = new Gate(stage);
  const agent = { module: `${fixture("paced-agent.mjs")}#PacedAgent`, parameters: { delay_ms: 5, gate: gate.file } };
  const task = { module: `${fixture("scored-task.mjs")}#ScoredTask`, parameters: { samples, concurrency: 4, log } };
  const cluster = await Cluster.start(stage, {
    agents: { agent: { ...agent, concurrency: 4 } },
    tasks: { task: { ...task, concurrency: 4 } },
  });
  const { output } = cluster.files;
  const cell = join(output, "agent", "task");
  const folderOf = (epoch: number) => new CellFolder(output, "agent", epoch === 1 ? "task" : `task/epoch-${epoch}`);
  const starts = () => readFileSync(log, "utf8").split("\n").length - 1;
  const epochsFile = () => JSON.parse(readFileSync(join(cell, "epochs.json"), "utf8"));
  const ends = async (run: OwnedProcess, code: number) => {
    expect(await run.ends(), run.report).toEqual({ code, signal: null });
  };

  // Two slots are held in each epoch: two epochs, and all four are.
  gate.holdFrom(samples - 2);
  const interrupted = cluster.assign(["--epochs", "3"]);
  await waitFor(() => folderOf(2).count() >= 2, { what: "two results of epoch 2" });
  interrupted.signal("SIGINT");
  await ends(interrupted, 130);
  const [first, before] = [[1, 2, 3].reduce((sum, epoch) => sum + folderOf(epoch).count(), 0), starts()];
  expect(first).toBeLessThan(3 * samples);
  gate.open();

  const resumed = cluster.assign(["--epochs", "3"]);
  await ends(resumed, 0);
  expect(starts() - before).toBe(3 * samples - first);
  for (const epoch of [1, 2, 3]) {
    expect(folderOf(epoch).indices()).toEqual(allIndices(samples));
    expect(JSON.parse(readFileSync(folderOf(epoch).overall, "utf8"))).toMatchObject({ total: samples });
  }
  expect(resumed.stdout).toMatch(/accuracy 0\.\d+ ± 0\.\d+ \(3 epochs\)/);
  const { epochs, metrics, pass_at_k } = epochsFile();
  expect(epochs).toEqual([1, 2, 3]);
  expect(metrics["custom.accuracy"].values).toHaveLength(3);
  expect(pass_at_k["1"]).toBeCloseTo(metrics["custom.accuracy"].mean, 10);
  expect(pass_at_k["3"]).toBeGreaterThan(pass_at_k["1"]);

  const more = cluster.assign(["--epochs", "4"]);
  await ends(more, 0);
  expect(starts() - before).toBe(4 * samples - first);
  expect(folderOf(4).indices()).toEqual(allIndices(samples));
  expect(epochsFile().epochs).toEqual([1, 2, 3, 4]);

  // Nothing is left to run: nobody is asked.
  await Promise.all([cluster.controller.kill(), ...cluster.workers.map((worker) => worker.kill())]);
  for (const asked of ["4", "2"]) {
    const finished = cluster.assign(["--epochs", asked, "--wait-for-workers", "0"]);
    await ends(finished, 0);
    expect(finished.stdout).toContain("(4 epochs)");
  }
});
