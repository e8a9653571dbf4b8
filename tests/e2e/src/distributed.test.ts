import { setTimeout as sleep } from "node:timers/promises";
import { waitFor } from "@eval/protocol/testing";
import { describe, expect } from "vitest";
import { DistributedStage, runName, type Stretch } from "./harness/distributed.js";
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

    // Two hosts cannot take all twelve that may run at once.
    run.gate.holdFrom(0);
    const center = run.center();
    const haveAll = (running: readonly Stretch[]) => hosts.every((host) => running.some(({ pid }) => pid === host.pid));
    await run.untilRunning(haveAll, { what: "every host to take part" });
    run.gate.open();

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
    expect(await run.redis.keys()).toEqual([]);
    await run.cluster.controller.untilIdle("noting");
  });

  test("gives what a killed host ran to another, which never runs it at the same time", async ({ stage }) => {
    const run = await DistributedStage.start(stage, {
      samples: 60,
      delayMs: 50,
      concurrency: 6,
      workerConcurrency: 24,
      lock: 4,
    });
    const hosts = [1, 2, 3].map(() => run.host(["--concurrency", "4"]));
    const center = run.center();
    const died = new Map<number, number>();
    for (const held of [15, 30]) {
      run.gate.holdFrom(held);
      await run.untilResults(held);
      await run.untilRunning(({ length }) => length === 6, { what: "6 samples on living hosts", dead: died });
      const victim = hosts.find(({ pid }) => !died.has(pid) && run.running().some((one) => one.pid === pid));
      died.set(victim?.pid ?? 0, Date.now());
      await victim?.kill();
    }
    run.gate.open();

    expect(await center.ends(), center.report).toEqual(ended);

    expect(run.cell.indices()).toEqual(allIndices(60));
    expect(run.cell.failures()).toEqual([]);
    expect(run.overlaps(died)).toEqual([]);
    // Something died with them, and was given to another.
    expect(run.stretches().length).toBeGreaterThan(60);
    expect(center.stderr).toMatch(/moves to another runner: its runner host .* has not renewed it/);
    const { most, mostByProcess } = readInFlightLog(stage.path("task.log"));
    expect(mostByProcess.size).toBe(1);
    // What a dead host ran counts until the worker has ended it.
    expect(most).toBeLessThanOrEqual(6);
    expect(await run.redis.keys()).toEqual([]);
    await run.cluster.controller.untilIdle("noting");
  });

  test("has one record of every sample after its hosts were killed twenty times", async ({ stage }) => {
    const run = await DistributedStage.start(stage, { samples: 300, delayMs: 400, concurrency: 6, lock: 8 });
    run.gate.holdFrom(250);
    const supplies = [1, 2, 3].map(() => run.keepHosts(["--concurrency", "2"]));
    // What was lost starts first, and so may be lost again and again.
    const center = run.center(["--max-attempts", "25"]);
    const died = new Map<number, number>();
    while (died.size < 20) {
      const victims = () => run.running().filter(({ pid }) => !died.has(pid));
      await run.untilRunning(({ length }) => length > 0, { what: "a busy host", dead: died });
      // The kill comes at any moment of a sample's life.
      await sleep(Math.random() * 500);
      const victim = victims()[Math.floor(Math.random() * victims().length)];
      if (victim === undefined) continue;
      died.set(victim.pid, Date.now());
      process.kill(victim.pid, "SIGKILL");
    }
    run.gate.open();

    expect(await center.ends(), center.report).toEqual(ended);
    await Promise.all(supplies.map((supply) => supply.stop()));
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

    expect(await center.ends(), center.report).toMatchObject({ code: 1 });
    await supply.stop();

    expect(run.cell.indices()).toEqual([0, 2]);
    expect(run.cell.failures()).toMatchObject([{ index: 1, error: "RUNNER_LOST" }]);
    expect(run.stretches().filter(({ sample }) => sample === "1")).toHaveLength(2);
  });

  test("ends a host whose thread is blocked before its locks end", async ({ stage }) => {
    // Of a lock of 12 s the last two are left: so late may this process see its end, on a busy machine.
    const work = { samples: 2, delayMs: 50, concurrency: 1, lock: 12, blocking: "Sample 0" };
    const run = await DistributedStage.start(stage, work);
    const host = run.host();
    const center = run.center(["--max-attempts", "1"]);

    expect(await host.ends(), host.report).toEqual({ code: null, signal: "SIGKILL" });
    expect(host.stderr).toContain("blocks this process");
    const [blocked] = run.stretches().filter(({ sample }) => sample === "0");
    expect(Date.now() - (blocked?.from ?? 0)).toBeLessThan(12_000);
    run.host();
    expect(await center.ends(), center.report).toMatchObject({ code: 1 });
    expect(run.cell.indices()).toEqual([1]);
    expect(run.cell.failures()).toMatchObject([{ index: 0, error: "RUNNER_LOST" }]);
  });

  test("lets a host leave: it finishes what it runs, and takes nothing more", async ({ stage }) => {
    const run = await DistributedStage.start(stage, { samples: 40, delayMs: 50, concurrency: 6, lock: 15 });
    run.gate.holdFrom(0);
    const leaving = run.host(["--concurrency", "2"]);
    const staying = run.host(["--concurrency", "4"]);
    const center = run.center();
    await run.untilRunning(({ length }) => length === 6, { what: "both hosts to have all that they take" });

    leaving.signal("SIGTERM");

    await leaving.wrote(/Leaving; 2 samples are finished first/);
    run.gate.open();
    expect(await leaving.ends(), leaving.report).toEqual(ended);
    expect(await center.ends(), center.report).toEqual(ended);
    await staying.ends();
    expect(run.cell.indices()).toEqual(allIndices(40));
    const own = run.stretches().filter(({ pid }) => pid === leaving.pid);
    expect(own).toHaveLength(2);
    expect(own.filter(({ to }) => to === undefined)).toEqual([]);
    expect(run.stretches()).toHaveLength(40);
  });

  test("puts back at once what a host runs that is told twice to leave", async ({ stage }) => {
    const run = await DistributedStage.start(stage, { samples: 2, delayMs: 0, concurrency: 2, lock: 60 });
    run.gate.holdFrom(0);
    const leaving = run.host();
    const center = run.center();
    await run.untilStarts(2);
    leaving.signal("SIGTERM");
    await leaving.wrote(/Leaving; 2 samples/);
    // A second signal that comes soon is the first one's echo: it is sent until it counts, and no longer. A third would
    // end the process at once.
    const hasCounted = () => run.running().length === 0 || leaving.signal("SIGTERM");
    await waitFor(hasCounted, { what: "the host to end what it runs" });
    expect(await leaving.ends(), leaving.report).toEqual(ended);
    expect(run.cell.count()).toBe(0);
    run.gate.open();

    run.host();

    expect(await center.ends(), center.report).toEqual(ended);
    expect(run.cell.indices()).toEqual([0, 1]);
    expect(run.cell.failures()).toEqual([]);
  });

  test("goes on when its center is killed and started again: what runs is not started again", async ({ stage }) => {
    const run = await DistributedStage.start(stage, { samples: 30, delayMs: 100, concurrency: 5, lock: 30 });
    run.gate.holdFrom(5);
    const host = run.host();
    const first = run.center();
    await run.untilResults(5);
    await run.untilRunning(({ length }) => length === 5, { what: "5 samples under way" });

    await first.kill();
    run.gate.open();
    // What the host finishes now waits for the next center.
    await run.untilRunning(({ length }) => length === 0, { what: "an idle host" });
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

  test("is left by a center from which another launch takes it", async ({ stage }) => {
    const run = await DistributedStage.start(stage, { samples: 12, delayMs: 0, concurrency: 4, lock: 60 });
    run.gate.holdFrom(0);
    run.host();
    const first = run.center();
    await run.untilStarts(4);

    const second = run.center(["--force-unlock"]);

    expect(await first.ends(), first.report).toEqual({ code: 2, signal: null });
    expect(first.stderr).toMatch(/another launch has taken the run over.*\(OUTPUT_LOCKED\)/);
    run.gate.open();
    expect(await second.ends(), second.report).toEqual(ended);
    expect(run.cell.indices()).toEqual(allIndices(12));
    expect(run.stretches()).toHaveLength(12);
  });

  test("ends cleanly by SIGINT: what runs is cancelled, hosts leave, and nothing stays in Redis", async ({ stage }) => {
    const run = await DistributedStage.start(stage, { samples: 20, delayMs: 0, concurrency: 4, lock: 30 });
    run.gate.holdFrom(4);
    const host = run.host();
    const center = run.center();
    await run.untilResults(4);
    await run.untilRunning(({ length }) => length === 4, { what: "4 samples under way" });

    center.signal("SIGINT");

    expect(await center.ends(), center.report).toEqual({ code: 130, signal: null });
    expect(await host.ends(), host.report).toEqual(ended);
    expect(await run.redis.keys()).toEqual([]);
    await run.cluster.controller.untilIdle("noting");
    expect(run.cell.count()).toBeLessThan(20);
    run.gate.open();
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
