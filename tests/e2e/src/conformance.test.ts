import { describe, expect } from "vitest";
import { ControllerProcess } from "./harness/controller.js";
import type { OwnedProcess } from "./harness/owned-process.js";
import { type Stage, test } from "./harness/stage.js";

interface Report {
  ok: boolean;
  counts: { ok: number; failed: number; skipped: number };
  checks: { id: string; outcome: string }[];
}

/** Runs the checker as a user does; its report, which has to be good. */
async function passes(stage: Stage, flags: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Report> {
  const run = stage.start("protocol", ["conformance", ...flags, "--json"], { env });
  expect(await run.ends(), run.report).toEqual({ code: 0, signal: null });
  const report = JSON.parse(run.stdout) as Report;
  expect(report.checks.filter(({ outcome }) => outcome === "failed")).toEqual([]);
  expect(report.ok).toBe(true);
  expect(report.counts.ok).toBeGreaterThan(30);
  return report;
}

function startWorker(stage: Stage, controller: string, env: NodeJS.ProcessEnv = {}): OwnedProcess {
  return stage.start("worker", ["virtual", "--port", "0", "--controller", controller], { env });
}

describe.each([
  ["without a token", {}],
  ["with a token", { EVAL_TOKEN: "the-token-of-this-test" }],
])("our controller and worker, %s,", (_how, env: NodeJS.ProcessEnv) => {
  test("follow the whole contract of v0.2", async ({ stage }) => {
    const { address: controller } = await stage.start("controller", ["--port", "0"], { env }).listening();
    const { address: worker } = await startWorker(stage, controller, env).listening();
    const first = await passes(stage, ["controller", "--url", controller, "--destructive"], env);
    expect(first.counts.skipped).toBe(0);
    const second = await passes(stage, ["worker", "--url", worker, "--index", "0", "1"], env);
    const skipped = second.checks.filter(({ outcome }) => outcome === "skipped").map(({ id }) => id);
    expect(skipped).toEqual(["start_sample.limit", "cancel_all.ends"]);
  });
});

test("a worker without a controller is checked up to its limits, and a controller in use is not disturbed", async ({
  stage,
}) => {
  const controller = await ControllerProcess.start(stage);
  const worker = await startWorker(stage, controller.address).listening();
  await controller.untilWorkers("virtual", 1);
  const open = await fetch(`${controller.address}/start_sample`, {
    method: "POST",
    body: JSON.stringify({ name: "virtual", index: 0 }),
  });
  const { session_id } = (await open.json()) as { session_id: number };
  await passes(stage, ["controller", "--url", controller.address]);
  expect(Object.keys(await controller.sessions())).toEqual([String(session_id)]);
  const { counts } = await passes(stage, ["worker", "--url", worker.address, "--destructive"]);
  expect(counts.skipped).toBe(0);
});

test("a check without a valid token, and one without a server, report this", async ({ stage }) => {
  const { address } = await stage.start("controller", ["--port", "0", "--token", "secret-token"]).listening();
  const refused = stage.start("protocol", ["conformance", "controller", "--url", address]);
  expect(await refused.ends(), refused.report).toEqual({ code: 3, signal: null });
  expect(refused.stderr).toMatch(/requires a token.*--token or EVAL_TOKEN \(UNAUTHORIZED\)/);
  const nobody = stage.start("protocol", ["conformance", "worker", "--url", "http://127.0.0.1:1/api"]);
  expect(await nobody.ends(), nobody.report).toEqual({ code: 3, signal: null });
  expect(nobody.stderr).toContain("(UNREACHABLE)");
  expect(nobody.stderr.trim().split("\n")).toHaveLength(1);
});
