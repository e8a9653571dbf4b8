import { setTimeout as sleep } from "node:timers/promises";
import { waitFor } from "@eval/protocol/testing";
import { describe, expect } from "vitest";
import { DistributedStage, runName } from "./harness/distributed.js";
import { readInFlightLog } from "./harness/in-flight-log.js";
import { allIndices, CellFolder } from "./harness/journal.js";
import { missingRedisServer, skipBecause } from "./harness/requirements.js";
import { test } from "./harness/stage.js";

const ended = { code: 0, signal: null };

describe.skipIf(skipBecause(missingRedisServer()))("a distributed run", () => {
  test("gives the results of a run in one process, within the capacities, and leaves nothing behind", async ({
    stage,
  }) => {
    const run = await DistributedStage.start(stage, { samples: 100, delayMs: 20, concurrency: 12, lock: 15 });
    const flow = run.cluster.assign(["--output", stage.path("flow")]);
    // They are there before the run is, and wait for it.
    const hosts = [1, 2, 3].map(() => run.host(["--concurrency", "5"]));
    expect(await flow.ends(), flow.report).toEqual(ended);

    const center = run.center();

    expect(await center.ends(), center.report).toEqual(ended);
    for (const host of hosts) expect(await host.ends(), host.report).toEqual(ended);
    const byIndex = (folder: CellFolder) =>
      new Map(folder.results().map(({ index, output }) => [index, output?.result]));
    expect(run.cell.indices()).toEqual(allIndices(100));
    expect(byIndex(run.cell)).toEqual(byIndex(new CellFolder(stage.path("flow"), "paced", "noting")));
    expect(run.cell.failures()).toEqual([]);
    const { most, starts } = readInFlightLog(run.log);
    expect(starts).toBe(200);
    expect(most).toBeLessThanOrEqual(12);
    const processes = new Set(run.stretches().map(({ pid }) => pid));
    for (const host of hosts) expect(processes, "every host to take part").toContain(host.pid);
    expect(await run.redis.keys()).toEqual([]);
    await run.cluster.controller.untilIdle("noting");
  });

  test("gives what a killed host ran to another, which never runs it at the same time", async ({ stage }) => {
    const run = await DistributedStage.start(stage, {
      samples: 60,
      delayMs: 300,
      concurrency: 6,
      workerConcurrency: 24,
      lock: 4,
    });
    const hosts = [1, 2, 3].map(() => run.host(["--concurrency", "4"]));
    const center = run.center();
    const died = new Map<number, number>();
    for (const [at, host] of hosts.slice(0, 2).entries()) {
      await run.untilStarts(15 * (at + 1));
      await waitFor(() => run.running().some(({ pid }) => pid === host.pid), { deadlineMs: 90_000 });
      died.set(host.pid, Date.now());
      await host.kill();
    }

    expect(await center.ends(100_000), center.report).toEqual(ended);

    expect(run.cell.indices()).toEqual(allIndices(60));
    expect(run.cell.failures()).toEqual([]);
    expect(run.overlaps(died)).toEqual([]);
    // Something died with them, and was given to another.
    expect(run.stretches().length).toBeGreaterThan(60);
    expect(center.stderr).toMatch(/goes to another runner: its runner host .* has not renewed it/);
    const { most, mostByProcess } = readInFlightLog(stage.path("task.log"));
    expect(mostByProcess.size).toBe(1);
    // What a dead host ran counts until the worker has ended it.
    expect(most).toBeLessThanOrEqual(6);
    expect(await run.redis.keys()).toEqual([]);
    await run.cluster.controller.untilIdle("noting");
  });

  test("has one record of every sample after its hosts were killed twenty times", { timeout: 300_000 }, async ({
    stage,
  }) => {
    const run = await DistributedStage.start(stage, { samples: 300, delayMs: 400, concurrency: 6, lock: 8 });
    const supplies = [1, 2, 3].map(() => run.keepHosts(["--concurrency", "2"]));
    // What was lost starts first, and so may be lost again and again.
    const center = run.center(["--max-attempts", "20"]);
    const died = new Map<number, number>();
    for (let kill = 0; kill < 20 && center.ended === undefined; kill++) {
      const victims = () => run.running().filter(({ pid }) => !died.has(pid));
      await waitFor(() => victims().length > 0 || center.ended, { what: "a busy host", deadlineMs: 90_000 });
      await sleep(Math.random() * 500);
      const victim = victims()[Math.floor(Math.random() * victims().length)];
      if (victim === undefined) continue;
      died.set(victim.pid, Date.now());
      process.kill(victim.pid, "SIGKILL");
    }

    expect(await center.ends(120_000), center.report).toEqual(ended);
    await Promise.all(supplies.map((supply) => supply.stop()));
    expect(died.size).toBeGreaterThanOrEqual(15);
    expect(run.cell.indices()).toEqual(allIndices(300));
    expect(run.cell.failures()).toEqual([]);
    expect(run.overlaps(died)).toEqual([]);
    await run.cluster.controller.untilIdle("noting");
  });

  test("fails a sample that every host dies of, after as many attempts as are allowed", async ({ stage }) => {
    const run = await DistributedStage.start(stage, {
      samples: 3,
      delayMs: 50,
      concurrency: 1,
      lock: 4,
      deadly: "Sample 1",
    });
    const supply = run.keepHosts();
    const center = run.center(["--max-attempts", "2"]);

    expect(await center.ends(100_000), center.report).toMatchObject({ code: 1 });
    await supply.stop();

    expect(run.cell.indices()).toEqual([0, 2]);
    expect(run.cell.failures()).toMatchObject([{ index: 1, error: "RUNNER_LOST" }]);
    expect(run.stretches().filter(({ sample }) => sample === "1")).toHaveLength(2);
  });

  test("ends a host whose thread is blocked before its locks end", async ({ stage }) => {
    const work = { samples: 2, delayMs: 50, concurrency: 1, lock: 3, blocking: "Sample 0" };
    const run = await DistributedStage.start(stage, work);
    const host = run.host();
    const center = run.center(["--max-attempts", "1"]);

    expect(await host.ends(), host.report).toEqual({ code: null, signal: "SIGKILL" });
    expect(host.stderr).toContain("blocks this process");
    const [blocked] = run.stretches().filter(({ sample }) => sample === "0");
    expect(Date.now() - (blocked?.from ?? 0)).toBeLessThan(3_500);
    run.host();
    expect(await center.ends(), center.report).toMatchObject({ code: 1 });
    expect(run.cell.indices()).toEqual([1]);
    expect(run.cell.failures()).toMatchObject([{ index: 0, error: "RUNNER_LOST" }]);
  });

  test("lets a host leave: it finishes what it runs, and takes nothing more", async ({ stage }) => {
    const run = await DistributedStage.start(stage, { samples: 40, delayMs: 500, concurrency: 4, lock: 15 });
    const leaving = run.host(["--concurrency", "2"]);
    const staying = run.host(["--concurrency", "4"]);
    const center = run.center();
    await waitFor(() => run.running().some(({ pid }) => pid === leaving.pid), { deadlineMs: 90_000 });

    leaving.signal("SIGTERM");

    await leaving.wrote(/Leaving; [12] samples are finished first/);
    // What it was asking for in that moment may still come.
    const toldAt = Date.now() + 1_000;
    expect(await leaving.ends(), leaving.report).toEqual(ended);
    expect(await center.ends(), center.report).toEqual(ended);
    await staying.ends();
    expect(run.cell.indices()).toEqual(allIndices(40));
    const own = run.stretches().filter(({ pid }) => pid === leaving.pid);
    expect(own.filter(({ from, to }) => from > toldAt || to === undefined)).toEqual([]);
    expect(run.stretches()).toHaveLength(40);
  });

  test("puts back at once what a host runs that is told twice to leave", async ({ stage }) => {
    const run = await DistributedStage.start(stage, { samples: 2, delayMs: 6_000, concurrency: 2, lock: 60 });
    const leaving = run.host();
    const center = run.center();
    await run.untilStarts(2);
    leaving.signal("SIGTERM");
    await leaving.wrote(/Leaving; 2 samples/);
    await sleep(1_500); // A second signal that comes sooner is the first one's echo.
    leaving.signal("SIGTERM");
    expect(await leaving.ends(), leaving.report).toEqual(ended);
    expect(run.cell.count()).toBe(0);

    run.host();

    expect(await center.ends(), center.report).toEqual(ended);
    expect(run.cell.indices()).toEqual([0, 1]);
    expect(run.cell.failures()).toEqual([]);
  });

  test("goes on when its centre is killed and started again: what runs is not started again", async ({ stage }) => {
    const run = await DistributedStage.start(stage, { samples: 30, delayMs: 2_000, concurrency: 5, lock: 30 });
    const host = run.host();
    const first = run.center();
    await waitFor(() => run.cell.count() >= 5, { what: "5 results", deadlineMs: 90_000 });
    await waitFor(() => run.running().length === 5, { what: "5 samples under way", deadlineMs: 60_000 });

    await first.kill();
    // What the host finishes now waits for the next centre.
    await waitFor(() => run.running().length === 0, { what: "an idle host", deadlineMs: 60_000 });
    expect(run.cell.count()).toBeLessThan(30);
    const second = run.center();

    expect(await second.ends(), second.report).toEqual(ended);
    expect(await host.ends(), host.report).toEqual(ended);
    expect(second.stderr).toMatch(/Picked up \d+ samples/);
    expect(run.cell.indices()).toEqual(allIndices(30));
    expect(run.stretches()).toHaveLength(30);
    expect(await run.redis.keys()).toEqual([]);
    await run.cluster.controller.untilIdle("noting");
  });

  test("is left by a centre from which another launch takes it", async ({ stage }) => {
    const run = await DistributedStage.start(stage, {
      samples: 12,
      delayMs: 0,
      concurrency: 4,
      lock: 60,
      isGated: true,
    });
    run.host();
    const first = run.center();
    await run.untilStarts(4);

    const second = run.center(["--force-unlock"]);

    expect(await first.ends(), first.report).toEqual({ code: 2, signal: null });
    run.openGate();
    expect(first.stderr).toMatch(/another launch has taken the run over.*\(OUTPUT_LOCKED\)/);
    expect(await second.ends(), second.report).toEqual(ended);
    expect(run.cell.indices()).toEqual(allIndices(12));
    expect(run.stretches()).toHaveLength(12);
  });

  test("ends cleanly by SIGINT: what runs is cancelled, hosts leave, and nothing stays in Redis", async ({ stage }) => {
    const run = await DistributedStage.start(stage, { samples: 20, delayMs: 1_000, concurrency: 4, lock: 30 });
    const host = run.host();
    const center = run.center();
    await waitFor(() => run.cell.count() >= 4, { what: "4 results", deadlineMs: 90_000 });

    center.signal("SIGINT");

    expect(await center.ends(), center.report).toEqual({ code: 130, signal: null });
    expect(await host.ends(), host.report).toEqual(ended);
    expect(await run.redis.keys()).toEqual([]);
    await run.cluster.controller.untilIdle("noting");
    expect(run.cell.count()).toBeLessThan(20);
    run.host();
    const next = run.center();
    expect(await next.ends(), next.report).toEqual(ended);
    expect(run.cell.indices()).toEqual(allIndices(20));
  });

  test("leaves nothing in Redis where it cannot begin", async ({ stage }) => {
    const run = await DistributedStage.start(stage, { samples: 4, delayMs: 0, concurrency: 2 });
    await run.cluster.controller.kill();

    const center = run.center(["--wait-for-workers", "2"]);

    expect(await center.ends(), center.report).toEqual({ code: 3, signal: null });
    expect(await run.redis.keys()).toEqual([]);
  });

  test("says what it waits for, and ends, when no host comes", async ({ stage }) => {
    const run = await DistributedStage.start(stage, { samples: 4, delayMs: 0, concurrency: 2 });

    const center = run.center(["--wait-for-workers", "4"]);

    expect(await center.ends(), center.report).toEqual({ code: 3, signal: null });
    expect(center.stderr).toContain(`npx @eval/assigner runner --redis ${run.redis.url} --run ${runName}`);
    expect(center.stderr).toContain("No runner host is there; waiting for one to join");
    expect(center.stdout).toContain(
      "noting: no runner host was there for 4 s (--wait-for-workers); 4 samples are left",
    );
    expect(await run.redis.keys()).toEqual([]);
  });
});
