import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { waitFor } from "@eval/protocol/testing";
import { describe, expect } from "vitest";
import { Cluster } from "./harness/cluster.js";
import { allIndices, CellFolder } from "./harness/journal.js";
import { fixture } from "./harness/repository.js";
import { type Stage, test } from "./harness/stage.js";

const samples = 6;

/** One agent that stops at the sample `held` until the gate is opened; one sample at once, in the order of the indices. */
async function start(stage: Stage, parameters: { held?: string; exits?: string } = {}) {
  const gate = stage.path("gate");
  const agent = { ...parameters, gate, answer: "${env:ANSWER}" };
  const cluster = await Cluster.start(stage, {
    agents: { one: { module: `${fixture("gated-agent.mjs")}#GatedAgent`, parameters: agent, concurrency: 1 } },
    tasks: {
      gated: {
        module: `${fixture("gated-task.mjs")}#GatedTask`,
        parameters: { name: "gated", samples, concurrency: 1, gate },
        concurrency: 1,
      },
    },
  });
  const folder = new CellFolder(cluster.files.output, "one", "gated");
  const launch = (answer: string, { flags = [], env = {} }: { flags?: string[]; env?: Record<string, string> } = {}) =>
    stage.start("assigner", ["--config", cluster.files.assignments, ...flags], { env: { ANSWER: answer, ...env } });
  return {
    folder,
    launch,
    controller: cluster.controller,
    open: () => writeFileSync(gate, ""),
    holdOverall: () => writeFileSync(`${gate}.closed`, ""),
    letOverall: () => rmSync(`${gate}.closed`),
    recorded: (count: number) => waitFor(() => folder.count() === count, { what: `${count} lines` }),
    sum: () => JSON.parse(readFileSync(folder.overall, "utf8")).custom.sum as number,
  };
}

describe("an overall", () => {
  test("that was calculated from other results is recalculated, even if their number is the same", async ({
    stage,
  }) => {
    const { folder, launch, holdOverall, letOverall, recorded, sum } = await start(stage);
    const first = launch("1");
    expect(await first.ends(), first.report).toEqual({ code: 0, signal: null });
    expect(sum()).toBe(samples);

    // One line is damaged; its sample is run again, with another answer, and the assigner is killed before the overall.
    writeFileSync(folder.runs, readFileSync(folder.runs, "utf8").replace(/"error"/, '"err'));
    holdOverall();
    const second = launch("5");
    await second.wrote(/lines that are not records: 1/);
    await recorded(samples);
    await second.kill();
    expect(sum()).toBe(samples);
    letOverall();

    const third = launch("7");
    expect(await third.ends(), third.report).toEqual({ code: 0, signal: null });
    expect(sum()).toBe(samples - 1 + 5);
    expect(folder.indices()).toEqual(allIndices(samples));

    const last = launch("9");
    expect(await last.ends(), last.report).toEqual({ code: 0, signal: null });
    expect(sum()).toBe(samples - 1 + 5);
  });
});

describe("a journal that is deleted during the run", () => {
  test("ends the run with an error, and the next launch runs every sample", async ({ stage }) => {
    const { folder, launch, recorded, open, sum } = await start(stage, { held: "<3>" });
    const run = launch("1");
    await recorded(3);
    rmSync(folder.runs);
    open();
    expect(await run.ends(), run.report).toEqual({ code: 1, signal: null });
    expect(run.stderr).toMatch(/runs\.jsonl was deleted by another program during the run.*OUTPUT_WRITE_FAILED/);
    expect(run.stdout).toBe("");
    expect(existsSync(folder.overall)).toBe(false);

    const next = launch("1");
    expect(await next.ends(), next.report).toEqual({ code: 0, signal: null });
    expect(folder.indices()).toEqual(allIndices(samples));
    expect(sum()).toBe(samples);
  });
});

describe("an agent that ends the process", () => {
  test("ends the run with its own exit code, and is named; the next launch gets the lock", async ({ stage }) => {
    const { folder, launch } = await start(stage, { exits: "${env:EXITS:-none}" });
    const run = launch("1", { env: { EXITS: "<2>" } });
    expect(await run.ends(), run.report).toEqual({ code: 4, signal: null });
    expect(run.stderr).toMatch(/process\.exit\(0\) was called at .*gated-agent\.mjs:\d+:\d+.*\(ENDED_EARLY\)/);

    const next = launch("1");
    expect(await next.ends(), next.report).toEqual({ code: 0, signal: null });
    expect(folder.indices()).toEqual(allIndices(samples));
  });
});

describe("a lock that is taken by force from a suspended process", () => {
  test("leaves one result per sample; the former owner stops when it resumes", async ({ stage }) => {
    const { folder, launch, recorded, open, controller } = await start(stage, { held: "<3>" });
    const suspended = launch("1");
    await recorded(3);
    suspended.signal("SIGSTOP");
    open();
    const taking = launch("2", { flags: ["--force-unlock"] });
    expect(await taking.ends(), taking.report).toEqual({ code: 0, signal: null });
    expect(folder.indices()).toEqual(allIndices(samples));
    const written = readFileSync(folder.runs, "utf8");

    suspended.signal("SIGCONT");
    const { code } = await suspended.ends();
    expect(code, suspended.report).toBe(2);
    expect(suspended.stderr).toMatch(/took .* over \(--force-unlock\).*OUTPUT_LOCKED/);
    expect(readFileSync(folder.runs, "utf8")).toBe(written);
    await controller.untilIdle("gated");
  });
});
