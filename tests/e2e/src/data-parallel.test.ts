import { writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { waitFor } from "@eval/protocol/testing";
import { describe, expect } from "vitest";
import { Cluster } from "./harness/cluster.js";
import { writeEvaluation } from "./harness/evaluation-files.js";
import { Gate } from "./harness/gate.js";
import { noteKill, readInFlightLog } from "./harness/in-flight-log.js";
import { allIndices, CellFolder } from "./harness/journal.js";
import { fixture } from "./harness/repository.js";
import { type Stage, test } from "./harness/stage.js";

const capacity = 16;

interface Setup {
  samples: number;
  agentMs?: number;
  /** Of a module of fixtures, `file#Export`. */
  agent?: string;
  parameters?: Record<string, unknown>;
  settings?: Record<string, unknown>;
}

/** The task's workers could run more than the configuration allows: the center has to keep to it. */
async function start(stage: Stage, { samples, agentMs = 20, agent, parameters, settings }: Setup) {
  const logs = { agent: stage.path("agent.log"), task: stage.path("task.log") };
  const gate = new Gate(stage);
  const cluster = await Cluster.start(stage, {
    agents: {
      a: {
        module: fixture(agent ?? "paced-agent.mjs#PacedAgent"),
        parameters: { delay_ms: agentMs, log: logs.agent, gate: gate.file, ...parameters },
        concurrency: capacity,
      },
    },
    tasks: {
      t: {
        module: `${fixture("noting-task.mjs")}#NotingTask`,
        parameters: { samples, delay_ms: 5, concurrency: 2 * capacity, log: logs.task },
        concurrency: capacity,
      },
    },
    ...(settings && { settings }),
  });
  return { cluster, logs, gate, folder: new CellFolder(cluster.files.output, "a", "t") };
}

/** The runners' processes that live. */
function runners(stage: Stage): number[] {
  return stage.running.filter((line) => line.includes("runner-process")).map((line) => Number.parseInt(line, 10));
}

/** Those of them that have samples. */
function working(stage: Stage, log: string): number[] {
  const { mostByProcess } = readInFlightLog(log);
  return runners(stage).filter((pid) => mostByProcess.has(String(pid)));
}

function pick<Item>(items: readonly Item[]): Item | undefined {
  return items[Math.floor(Math.random() * items.length)];
}

describe("runner processes that are lost", () => {
  test("20 times in one run: no sample is missing, has two results, or runs twice at the same time", async ({
    stage,
  }) => {
    const samples = 500;
    const { cluster, logs, gate, folder } = await start(stage, { samples });
    gate.holdFrom(0);
    const run = cluster.assign(["--data-parallel", "4"]);
    const killed: number[] = [];
    while (killed.length < 20) {
      const least = killed.length * 22 + Math.floor(Math.random() * 8) + 1;
      // Some more than are waited for: those that are given up have no result.
      gate.holdFrom(least + 40);
      const alive = () => (folder.count() < least ? [] : working(stage, logs.agent));
      // A sample is given up when it was lost three times: a single runner left would have them all, again and again.
      const isReady = () => alive().length >= 2 || (alive().length === 1 && folder.count() > least + 15);
      await waitFor(isReady, { what: `${least} results, and runners at work` });
      const victim = pick(alive()) as number;
      noteKill(logs.agent, victim);
      process.kill(victim, "SIGKILL");
      killed.push(victim);
    }
    gate.open();

    const { code } = await run.ends();

    const failed = folder.failures().map(({ index }) => index);
    expect(code, run.report).toBe(failed.length > 0 ? 1 : 0);
    expect(folder.failures().every(({ error }) => (error as string) === "RUNNER_LOST")).toBe(true);
    expect([...folder.indices(), ...failed].sort((one, other) => one - other)).toEqual(allIndices(samples));
    expect(failed.length).toBeLessThan(15);
    const [agent, task] = [readInFlightLog(logs.agent), readInFlightLog(logs.task)];
    expect(agent.twice).toEqual([]);
    expect(agent.most).toBeLessThanOrEqual(capacity);
    expect(task.most).toBeLessThanOrEqual(capacity);
    expect(agent.mostByProcess.size).toBeGreaterThan(4);
    await cluster.controller.untilIdle("t");
  });

  test("by sending nothing: a suspended runner is killed and replaced", async ({ stage }) => {
    // Long enough that a runner which is only slow, on a busy machine, is not taken for one that is silent.
    const settings = { data_parallel: { runners: 2, deadline_s: 8 } };
    const { cluster, logs, gate, folder } = await start(stage, { samples: 200, settings });
    gate.holdFrom(50);
    const run = cluster.assign();
    await waitFor(() => folder.count() >= 10, { what: "10 results" });
    const victim = await waitFor(() => pick(working(stage, logs.agent)), { what: "a runner at work" });

    process.kill(victim, "SIGSTOP");
    noteKill(logs.agent, victim);
    gate.open();

    expect(await run.ends(), run.report).toEqual({ code: 0, signal: null });
    expect(run.stderr).toMatch(/did not respond for 8 s/);
    expect(folder.indices()).toEqual(allIndices(200));
    expect(runners(stage)).not.toContain(victim);
    expect(readInFlightLog(logs.agent).twice).toEqual([]);
  });

  test("but not because the machine was suspended", async ({ stage }) => {
    const settings = { data_parallel: { runners: 2, deadline_s: 8 } };
    const { cluster, gate, folder } = await start(stage, { samples: 100, settings });
    gate.holdFrom(50);
    const run = cluster.assign();
    await waitFor(() => folder.count() >= 10, { what: "10 results" });
    const all = [run.pid, ...runners(stage)];

    for (const pid of all) process.kill(pid, "SIGSTOP");
    // The suspension itself: it has to be longer than the deadline.
    await sleep(10_000);
    for (const pid of all) process.kill(pid, "SIGCONT");
    gate.open();

    expect(await run.ends(), run.report).toEqual({ code: 0, signal: null });
    expect(run.stderr).not.toContain("did not respond");
    expect(folder.indices()).toEqual(allIndices(100));
  });

  test("and cannot be started again: the run ends with the reason", async ({ stage }) => {
    const broken = stage.path("broken");
    const agent = "fragile-agent.mjs#FragileAgent";
    const { cluster, gate, folder } = await start(stage, { samples: 100, agent, parameters: { broken } });
    gate.holdFrom(50);
    const run = cluster.assign(["--data-parallel", "2"]);
    await waitFor(() => folder.count() >= 1, { what: "a result" });

    writeFileSync(broken, "");
    process.kill(pick(runners(stage)) as number, "SIGKILL");

    expect(await run.ends(), run.report).toEqual({ code: 2, signal: null });
    expect(run.stderr).toMatch(/error: runner \d failed too often in a row.*this agent is broken/);
    expect(runners(stage)).toEqual([]);
    await cluster.controller.untilIdle("t");
  });
});

test("an invalid agent is reported before anything is waited for, as with flow", async ({ stage }) => {
  const agent = { module: fixture("fragile-agent.mjs#FragileAgent"), parameters: { broken: stage.folder } };
  const { assignments } = writeEvaluation(stage, {
    controller: "http://127.0.0.1:9/api",
    agents: { a: { ...agent, concurrency: 1 } },
    tasks: { t: { module: "@eval/tasks#VirtualTask", concurrency: 1 } },
  });
  const run = async (flags: string[]) => {
    const assigner = stage.start("assigner", ["--config", assignments, ...flags]);
    expect(await assigner.ends(), assigner.report).toEqual({ code: 2, signal: null });
    return assigner.stderr;
  };
  const parallel = await run(["--data-parallel", "3"]);
  expect(parallel).toMatch(
    /^error: agent a: FragileAgent could not be created: this agent is broken \(MODULE_INVALID\)$/m,
  );
  expect(parallel).toBe(await run([]));
});

describe("runner processes of an interrupted run", () => {
  test("by SIGINT, which a terminal sends to all processes: sessions are canceled, no process is left", async ({
    stage,
  }) => {
    const { cluster, gate, folder } = await start(stage, { samples: 100 });
    gate.holdFrom(0);
    const run = cluster.assign(["--data-parallel", "3"]);
    await waitFor(async () => Object.keys(await cluster.controller.sessions()).length === capacity, {
      what: "all sessions",
    });

    const before = runners(stage);
    for (const pid of before) process.kill(pid, "SIGINT");
    gate.holdFrom(30);
    await waitFor(() => folder.count() > 0, { what: "a result after the signal" });
    expect(runners(stage)).toEqual(before);
    run.signal("SIGINT");

    expect(await run.ends(), run.report).toEqual({ code: 130, signal: null });
    expect(runners(stage)).toEqual([]);
    expect(folder.failures()).toEqual([]);
    expect(run.stderr).not.toMatch(/^.*runner \d \|.*$/m);
    await cluster.controller.untilIdle("t");
  });

  test("by kill -9 of the main process: they cancel their sessions and end", async ({ stage }) => {
    const { cluster, gate } = await start(stage, { samples: 100 });
    gate.holdFrom(0);
    const run = cluster.assign(["--data-parallel", "3"]);
    await waitFor(async () => Object.keys(await cluster.controller.sessions()).length === capacity, {
      what: "all sessions",
    });

    await run.kill();

    await waitFor(() => runners(stage).length === 0, { what: "no runner" });
    // Long before the lease of a minute is over.
    await cluster.controller.untilIdle("t");
  });

  test.for(["BlockingAgent", "UnmadeAgent"])(
    "by kill -9 of the main process, while a %s has its thread",
    async (agent, { stage }) => {
      const { cluster, logs } = await start(stage, { samples: 100, agent: `blocking-agent.mjs#${agent}` });
      const run = cluster.assign(["--data-parallel", "2"]);
      await waitFor(() => readInFlightLog(logs.agent).mostByProcess.size === 2, {
        what: "two agents that block",
      });

      await run.kill();

      await waitFor(() => runners(stage).length === 0, { what: "no runner" });
    },
  );
});
