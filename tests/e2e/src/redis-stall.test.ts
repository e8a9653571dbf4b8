import { setTimeout as sleep } from "node:timers/promises";
import { waitFor } from "@eval/protocol/testing";
import { describe, expect } from "vitest";
import { DistributedStage } from "./harness/distributed.js";
import { allIndices } from "./harness/journal.js";
import type { OwnedProcess } from "./harness/owned-process.js";
import { missingRedisServer, skipBecause } from "./harness/requirements.js";
import { type Stage, test } from "./harness/stage.js";

const ended = { code: 0, signal: null };

/** Longer than a sign of life lasts, and much longer than anybody waits for another in these tests; milliseconds. */
const outageMs = 12_000;

/** How late one of the processes is to give a sign of life after an outage, in milliseconds. */
const lateMs = 3_000;

describe.skipIf(skipBecause(missingRedisServer()))(
  "an outage of the Redis that is shorter than --redis-timeout",
  () => {
    test("ends no host and repeats no sample at the same time, though locks are shorter than it", async ({ stage }) => {
      // Samples that are short: some are being taken, and some delivered, in whichever moment the Redis stalls.
      const work = { samples: 400, delayMs: 5, concurrency: 16, lock: 4 };
      const run = await DistributedStage.start(stage, work);
      const hosts = [1, 2, 3].map(() => run.host(["--concurrency", "6"]));
      const center = run.center(["--max-attempts", "1"]);
      for (const results of [30, 160]) {
        await waitFor(() => run.cell.count() >= results, { what: `${results} results`, deadlineMs: 60_000 });
        run.redis.process.signal("SIGSTOP");
        await center.wrote(/does not answer; waiting for up to 120 s/);
        await sleep(6_000); // The outage itself: its length is what is tested.
        run.redis.process.signal("SIGCONT");
      }

      expect(await center.ends(), center.report).toEqual(ended);
      for (const host of hosts) expect(await host.ends(), host.report).toEqual(ended);
      expect(run.cell.indices()).toEqual(allIndices(400));
      expect(run.cell.failures()).toEqual([]);
      expect(run.overlaps()).toEqual([]);
      expect(await run.redis.keys()).toEqual([]);
    });

    test("takes no host for gone that is late to give a sign of life", async ({ stage }) => {
      const { run, host, center } = await underWay(stage);
      host.signal("SIGSTOP");
      await suspend(run);
      await center.wrote(/answers again/);
      await sleep(lateMs);
      host.signal("SIGCONT");
      run.gate.open();

      await expectUndisturbed(run, [center, host]);
      expect(center.stderr).not.toMatch(/is gone|No runner host is there/);
    });

    test("drives no host away whose center is late to give a sign of life", async ({ stage }) => {
      const { run, host, center } = await underWay(stage);
      const idle = run.host(["--wait", "2"]);
      await idle.wrote(/takes part in the run/);
      center.signal("SIGSTOP");
      await suspend(run);
      await idle.wrote(/answers again/);
      await sleep(lateMs);
      center.signal("SIGCONT");
      run.gate.open();

      await expectUndisturbed(run, [center, host, idle]);
    });

    test("that was restarted without its data drives no host away before the center has told it of the run", async ({
      stage,
    }) => {
      const { run, host, center } = await underWay(stage, { flags: ["--appendonly", "no"], lock: 6, attempts: 3 });
      center.signal("SIGSTOP");
      await run.redis.stop();
      await sleep(outageMs);
      await run.redis.start();
      await host.wrote(/answers again/);
      await sleep(lateMs);
      center.signal("SIGCONT");
      run.gate.open();

      expect(await center.ends(), center.report).toEqual(ended);
      expect(await host.ends(), host.report).toEqual(ended);
      expect(center.stderr).toContain("Redis has lost what it held of the run");
      expect(run.cell.indices()).toEqual([0, 1]);
      expect(run.overlaps()).toEqual([]);
    });

    test("stopped and started again counts for no absence, whoever is there first", async ({ stage }) => {
      const { run, host, center } = await underWay(stage);
      await run.redis.stop();
      await sleep(outageMs);
      await run.redis.start();
      await center.wrote(/answers again/);
      run.gate.open();

      await expectUndisturbed(run, [center, host]);
    });
  },
);

/** Two samples that a host has begun with and that do not end before the gate is open. Nobody waits for long. */
async function underWay(
  stage: Stage,
  { flags = [], lock = 60, attempts = 1 }: { flags?: readonly string[]; lock?: number; attempts?: number } = {},
): Promise<{ run: DistributedStage; host: OwnedProcess; center: OwnedProcess }> {
  const work = { samples: 2, delayMs: 0, concurrency: 2, lock, isGated: true, redis: { flags } };
  const run = await DistributedStage.start(stage, work);
  const host = run.host();
  const center = run.center(["--wait-for-workers", "2", "--max-attempts", String(attempts)]);
  await run.untilStarts(2);
  await center.wrote(/Runner host \S+ is here/);
  return { run, host, center };
}

async function suspend(run: DistributedStage): Promise<void> {
  run.redis.process.signal("SIGSTOP");
  await sleep(outageMs);
  run.redis.process.signal("SIGCONT");
}

/** Every sample was run once, and everybody ended as ever. */
async function expectUndisturbed(run: DistributedStage, processes: readonly OwnedProcess[]): Promise<void> {
  for (const one of processes) expect(await one.ends(30_000), one.report).toEqual(ended);
  expect(run.cell.indices()).toEqual([0, 1]);
  expect(run.cell.failures()).toEqual([]);
  expect(run.stretches()).toHaveLength(2);
  expect(await run.redis.keys()).toEqual([]);
}
