import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect } from "vitest";
import { DistributedStage } from "./harness/distributed.js";
import { allIndices } from "./harness/journal.js";
import { fixture } from "./harness/repository.js";
import { missingRedisServer, skipBecause } from "./harness/requirements.js";
import { test } from "./harness/stage.js";

const ended = { code: 0, signal: null };

describe.skipIf(skipBecause(missingRedisServer()))("the Redis of a distributed run", () => {
  test("may be suspended, and started again: everything waits and goes on", async ({ stage }) => {
    const run = await DistributedStage.start(stage, { samples: 60, delayMs: 100, concurrency: 4, lock: 45 });
    run.gate.holdFrom(20);
    const host = run.host();
    const center = run.center();
    await run.untilResults(4);

    run.redis.process.signal("SIGSTOP");
    await center.wrote(/does not answer; waiting for up to 120 s/);
    const during = run.cell.count();
    run.redis.process.signal("SIGCONT");
    await center.wrote(/answers again/);
    expect(during).toBeLessThan(60);
    run.gate.holdFrom(40);
    await run.untilResults(during + 8);
    await run.redis.stop();
    run.gate.open();
    // The outage itself: its length is what is tested.
    await sleep(3_000);
    await run.redis.start();

    expect(await center.ends(), center.report).toEqual(ended);
    expect(await host.ends(), host.report).toEqual(ended);
    expect(run.cell.indices()).toEqual(allIndices(60));
    expect(run.cell.failures()).toEqual([]);
    expect(run.stretches()).toHaveLength(60);
    expect(await run.redis.keys()).toEqual([]);
  });

  test("may be away for longer than locks last: hosts end what they run, and it is run again", async ({ stage }) => {
    const run = await DistributedStage.start(stage, { samples: 4, delayMs: 0, concurrency: 4, lock: 4 });
    run.gate.holdFrom(0);
    const host = run.host();
    const center = run.center();
    await run.untilStarts(4);

    run.redis.process.signal("SIGSTOP");
    await host.wrote(/does not answer/);
    await run.untilRunning(({ length }) => length === 0, { what: "the host to end what it runs" });
    run.redis.process.signal("SIGCONT");
    run.gate.open();

    expect(await center.ends(), center.report).toEqual(ended);
    expect(await host.ends(), host.report).toEqual(ended);
    expect(host.stderr).toContain("An attempt was ended by this host: its lock could not be renewed in time");
    expect(run.cell.indices()).toEqual([0, 1, 2, 3]);
    expect(run.cell.failures()).toEqual([]);
    expect(run.overlaps()).toEqual([]);
  });

  test("may lose all that it holds: what ran is run again", async ({ stage }) => {
    const run = await DistributedStage.start(stage, { samples: 30, delayMs: 0, concurrency: 4, lock: 6 });
    run.gate.holdFrom(4);
    const host = run.host();
    const center = run.center();
    await run.untilResults(4);
    await run.untilRunning(({ length }) => length === 4, { what: "4 samples under way" });

    await run.redis.ask((redis) => redis.flushall());
    await center.wrote(/Redis has lost/);
    run.gate.open();

    expect(await center.ends(), center.report).toEqual(ended);
    await host.ends();
    expect(center.stderr).toContain("Redis has lost what it held of the run");
    expect(run.cell.indices()).toEqual(allIndices(30));
    expect(run.overlaps()).toEqual([]);
  });

  test("may go for good: a clear end, nothing written is lost, and a later launch goes on", async ({ stage }) => {
    const run = await DistributedStage.start(stage, { samples: 30, delayMs: 0, concurrency: 4, lock: 30 });
    run.gate.holdFrom(4);
    const host = run.host(["--redis-timeout", "6"]);
    const center = run.center(["--redis-timeout", "6"]);
    await run.untilResults(4);
    await run.redis.stop();

    for (const one of [center, host]) {
      expect(await one.ends(), one.report).toEqual({ code: 3, signal: null });
      expect(one.stderr).toMatch(/error: the Redis redis:\S+ has not answered for 6 s .*\(REDIS_UNREACHABLE\)/);
      expect(one.stderr).not.toMatch(/^\s+at /m);
    }
    await run.cluster.controller.untilIdle("noting");
    const written = run.cell.indices();
    await run.redis.start();
    run.gate.open();
    run.host();
    const next = run.center();
    expect(await next.ends(), next.report).toEqual(ended);
    expect(run.cell.indices()).toEqual(allIndices(30));
    expect(run.cell.indices()).toEqual(expect.arrayContaining(written));
    expect(await run.redis.keys()).toEqual([]);
  });

  test("may ask for a password", async ({ stage }) => {
    const password = "p@ss-word";
    const credentials = `:${encodeURIComponent(password)}@`;
    const redis = { flags: ["--requirepass", password, "--maxmemory-policy", "allkeys-lru"], credentials };
    const run = await DistributedStage.start(stage, { samples: 4, delayMs: 0, concurrency: 2, redis });
    const { port } = run.redis;
    for (const url of [`redis://127.0.0.1:${port}`, `redis://:wrong-one@127.0.0.1:${port}`]) {
      const refused = run.host(["--redis", url]);
      expect(await refused.ends(), refused.report).toEqual({ code: 3, signal: null });
      expect(refused.stderr).toMatch(/error: the Redis \S+ refuses the password: .*\(UNAUTHORIZED\)/);
      expect(refused.stderr).not.toContain("wrong-one");
    }
    const host = run.host();

    const center = run.center();

    expect(await center.ends(), center.report).toEqual(ended);
    expect(await host.ends(), host.report).toEqual(ended);
    expect(center.stderr).toContain("has maxmemory-policy allkeys-lru");
    const shown = center.stderr + center.stdout + host.stderr + readFileSync(`${run.cluster.files.output}/config.yaml`);
    expect(shown).not.toContain(password);
    expect(shown).not.toContain(encodeURIComponent(password));
  });

  test("may speak TLS", async ({ stage }) => {
    const [key, certificate] = selfSigned(stage.folder);
    const tls = ["--tls-cert-file", certificate, "--tls-key-file", key, "--tls-ca-cert-file", certificate];
    const flags = [...tls, "--tls-auth-clients", "no"];
    const run = await DistributedStage.start(stage, {
      samples: 4,
      delayMs: 0,
      concurrency: 2,
      redis: { flags, tls: true },
    });
    const url = run.redis.tlsUrl;
    const untrusting = run.host(["--redis", url]);
    expect(await untrusting.ends(), untrusting.report).toEqual({ code: 3, signal: null });
    expect(untrusting.stderr).toMatch(/cannot be reached: .*self.signed certificate.*\(REDIS_UNREACHABLE\)/);

    const trust = ["--redis", url, "--redis-ca", certificate];
    const host = run.host(trust);
    const center = run.center(trust);

    expect(await center.ends(), center.report).toEqual(ended);
    expect(await host.ends(), host.report).toEqual(ended);
  });

  test("that is unreachable is an error at once", async ({ stage }) => {
    const run = await DistributedStage.start(stage, { samples: 1, delayMs: 0, concurrency: 1 });
    await run.redis.stop();

    for (const one of [run.center(), run.host()]) {
      expect(await one.ends(), one.report).toEqual({ code: 3, signal: null });
      expect(one.stderr).toMatch(/error: the Redis \S+ cannot be reached: .*ECONNREFUSED.*\(REDIS_UNREACHABLE\)/);
      expect(one.stderr).not.toMatch(/^\s+at /m);
    }
  });

  test("brings agents to hosts without a configuration, as far as they allow it", async ({ stage }) => {
    const run = await DistributedStage.start(stage, { samples: 4, delayMs: 0, concurrency: 2 });
    const module = `${fixture("paced-agent.mjs")}#PacedAgent`;
    const center = run.center();
    const refusing = run.bareHost();
    expect(await refusing.ends(), refusing.report).toEqual({ code: 2, signal: null });
    expect(refusing.stderr).toContain(`agent paced: module ${module} (--allow-module ${JSON.stringify(module)})`);

    const host = run.bareHost(["--allow-module", module]);

    expect(await center.ends(), center.report).toEqual(ended);
    expect(await host.ends(), host.report).toEqual(ended);
  });
});

/** A key and a certificate for 127.0.0.1, made for this test. */
function selfSigned(folder: string): [key: string, certificate: string] {
  const [key, certificate] = [`${folder}/redis.key`, `${folder}/redis.pem`];
  const subject = ["-subj", "/CN=redis of a test", "-addext", "subjectAltName=IP:127.0.0.1"];
  const kind = ["-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"];
  execFileSync("openssl", ["req", ...kind, "-keyout", key, "-out", certificate, ...subject], { stdio: "ignore" });
  return [key, certificate];
}
