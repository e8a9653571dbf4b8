import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { waitFor } from "@eval/protocol/testing";
import { describe, expect } from "vitest";
import { DistributedStage, runName } from "./harness/distributed.js";
import { allIndices } from "./harness/journal.js";
import { missingRedisServer, skipBecause } from "./harness/requirements.js";
import { test } from "./harness/stage.js";

const ended = { code: 0, signal: null };
const dayMs = 24 * 3_600_000;
const prefix = `eval:{${runName}}:`;

describe.skipIf(skipBecause(missingRedisServer()))("what a distributed run holds in Redis", () => {
  test("expires when nobody is left who renews it, whichever moment all are killed in; till then the run can go on", {
    timeout: 300_000,
  }, async ({ stage }) => {
    const run = await DistributedStage.start(stage, { samples: 120, delayMs: 40, concurrency: 6, lock: 3 });
    for (const phase of [0, 10, 40]) {
      const killed = [run.center(), run.host(["--concurrency", "4"]), run.host()];
      await killed[0]?.wrote(/Runner hosts join with/);
      await waitFor(() => run.cell.count() >= phase, { what: `${phase} results`, deadlineMs: 90_000 });
      if (phase > 0) await sleep(Math.random() * 100); // Any moment may be the wrong one.
      await Promise.all(killed.map((one) => one.kill()));
      const lives = await lifetimes(run);
      expect([...lives].filter(([, ms]) => ms < 0)).toEqual([]);
      for (const [key, ms] of lives) expect(ms, key).toBeLessThanOrEqual(7 * dayMs);
    }
    const left = [...(await lifetimes(run)).keys()];
    expect(left).toContain(`${prefix}state`);

    const host = run.host();
    const center = run.center(["--max-attempts", "10"]);

    expect(await center.ends(120_000), center.report).toEqual(ended);
    expect(await host.ends(), host.report).toEqual(ended);
    expect(run.cell.indices()).toEqual(allIndices(120));
    expect(await run.redis.keys()).toEqual([]);
  });

  test("has an expiry also while a run is under way, waiting and active and finished alike", async ({ stage }) => {
    const run = await DistributedStage.start(stage, {
      samples: 8,
      delayMs: 0,
      concurrency: 8,
      lock: 30,
      isGated: true,
    });
    const host = run.host(["--concurrency", "2"]);
    const center = run.center();
    await run.untilStarts(2);
    const names = async () => [...(await lifetimes(run)).keys()].map((key) => key.replace(prefix, ""));
    await waitFor(async () => (await names()).includes("attempts-0:wait"), { what: "waiting attempts" });
    // What is finished stays there as long as the center cannot take it in.
    center.signal("SIGSTOP");
    run.gate.open();
    await waitFor(async () => (await names()).filter((name) => name.startsWith("result:")).length === 8, {
      what: "8 results",
    });
    const lives = await lifetimes(run);
    expect([...lives].filter(([, ms]) => ms < 0)).toEqual([]);
    expect(await names()).toEqual(expect.arrayContaining(["term", "state", "param", "finished", "attempts-0:meta"]));
    center.signal("SIGCONT");
    expect(await center.ends(), center.report).toEqual(ended);
    await host.ends();
    expect(await run.redis.keys()).toEqual([]);
  });

  test("is removed by a launch that has nothing left to run, after a center that died at its very end", async ({
    stage,
  }) => {
    const run = await DistributedStage.start(stage, { samples: 4, delayMs: 0, concurrency: 2, isGated: true });
    const first = run.center();
    run.host();
    await run.untilStarts(1);
    // A host that does not leave: the center waits for it once everything is written.
    const entry = JSON.stringify({ name: "one that stays", slots: 1, shards: [0] });
    await run.redis.ask((redis) => redis.set(`${prefix}host:staying`, entry, "PX", 60_000));
    await run.redis.ask((redis) => redis.sadd(`${prefix}hosts`, "staying"));
    run.gate.open();
    await waitFor(() => existsSync(run.cell.overall), { what: "the overall", deadlineMs: 60_000 });
    await first.kill();
    expect(await run.redis.keys()).toContain(`${prefix}state`);

    const next = run.center();

    expect(await next.ends(), next.report).toEqual(ended);
    expect(next.stderr).toContain("Removed from Redis what an earlier launch had left of the run the-run");
    expect(next.stderr).toContain("Nothing is left to run");
    expect(await run.redis.keys()).toEqual([]);
  });

  test("is not in the way of a launch that has nothing left to run and cannot reach the Redis", async ({ stage }) => {
    const run = await DistributedStage.start(stage, { samples: 2, delayMs: 0, concurrency: 2 });
    run.host();
    expect(await run.center().ends()).toEqual(ended);
    await run.redis.stop();

    const next = run.center();

    expect(await next.ends(), next.report).toEqual(ended);
    expect(next.stderr).toContain("What the run may have left in Redis was not removed");
  });
});

/** Milliseconds that each key of the run has to live; -1: for ever. */
function lifetimes(run: DistributedStage): Promise<Map<string, number>> {
  return run.redis.ask(async (redis) => {
    const lives = new Map<string, number>();
    for (const key of await redis.keys("*")) {
      const ms = await redis.pttl(key);
      if (ms !== -2) lives.set(key, ms);
    }
    return lives;
  });
}
