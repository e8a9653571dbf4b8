import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { describe, expect } from "vitest";
import { Cluster } from "./harness/cluster.js";
import { allIndices, CellFolder } from "./harness/journal.js";
import { binFile, fixture } from "./harness/repository.js";
import { skipBecause } from "./harness/requirements.js";
import { type Stage, test } from "./harness/stage.js";

const samples = 200;

function start(stage: Stage, agent: string) {
  return Cluster.start(stage, {
    agents: { one: { module: fixture(agent), parameters: { delay_ms: 5 }, concurrency: 4 } },
    tasks: {
      virtual: { module: "@eval/tasks#VirtualTask", parameters: { samples, message_bytes: 500 }, concurrency: 4 },
    },
  });
}

const paced = "paced-agent.mjs#PacedAgent";

describe("an output folder", () => {
  test("has one writer: a second assigner is rejected, and its error names the owner of the lock", async ({
    stage,
  }) => {
    const cluster = await start(stage, "silent-agent.mjs#SilentAgent");
    const first = cluster.assign();
    await first.wrote(/in flight/);

    const second = cluster.assign();

    expect(await second.ends(), second.report).toEqual({ code: 2, signal: null });
    expect(second.stderr).toContain("OUTPUT_LOCKED");
    expect(second.stderr).toContain(`process ${first.pid} `);
    expect(first.ended).toBeUndefined();
    await first.kill();

    // The lock of a process that is dead stops nobody.
    const third = cluster.assign();
    await third.wrote(/in flight/);
  });

  test("below a path that is not a folder is rejected with a clear message", async ({ stage }) => {
    const cluster = await start(stage, paced);
    const file = stage.write("file", "");
    const run = cluster.assign(["--output", `${file}/output`]);
    expect(await run.ends(), run.report).toEqual({ code: 2, signal: null });
    expect(run.stderr).toContain("OUTPUT_INVALID");
    expect(run.stderr).toContain(`${file}/output`);
  });
});

describe("a full disk", () => {
  test("ends the run with an error; existing results are kept, and the next launch continues from them", async ({
    stage,
  }) => {
    const cluster = await start(stage, paced);
    // A file of the run may have so many blocks of 512 bytes: as good as a full disk, and nobody has to be root.
    const script = `ulimit -f 64; exec "$@"`;
    const argv = [process.execPath, binFile("assigner"), "--config", cluster.files.assignments];
    const run = stage.run("sh", ["-c", script, "sh", ...argv]);

    expect((await run.ends()).code, run.report).toBe(1);

    const folder = new CellFolder(cluster.files.output, "one", "virtual");
    expect(run.stderr).toContain("OUTPUT_WRITE_FAILED");
    expect(run.stderr).toContain(folder.runs);
    await cluster.controller.untilIdle("virtual");
    const kept = readFileSync(folder.runs, "utf8");
    expect(folder.indices().length).toBeGreaterThan(0);
    expect(folder.indices().length).toBeLessThan(samples);

    const next = cluster.assign();

    expect(await next.ends(), next.report).toEqual({ code: 0, signal: null });
    expect(readFileSync(folder.runs, "utf8").startsWith(kept)).toBe(true);
    expect(folder.indices()).toEqual(allIndices(samples));
  });

  /** A file system of the process's own: it is gone with it. */
  const mount = `mount -t tmpfs -o size=128k none "$0" && exec "$@"`;
  const trial = spawnSync("unshare", ["-m", "sh", "-c", mount, "/mnt", "true"], { encoding: "utf8" });
  const why = trial.status === 0 ? undefined : `no file system can be mounted here: ${trial.stderr ?? trial.error}`;

  test.skipIf(skipBecause(why))("is named as the cause", async ({ stage }) => {
    const cluster = await start(stage, paced);
    mkdirSync(cluster.files.output);
    const argv = [process.execPath, binFile("assigner"), "--config", cluster.files.assignments];
    const run = stage.run("unshare", ["-m", "sh", "-c", mount, cluster.files.output, ...argv]);

    expect((await run.ends()).code, run.report).toBe(1);

    expect(run.stderr).toContain("OUTPUT_WRITE_FAILED");
    expect(run.stderr).toContain("ENOSPC");
    await cluster.controller.untilIdle("virtual");
  });
});
