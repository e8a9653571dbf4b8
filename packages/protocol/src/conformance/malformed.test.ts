import { expect, test } from "vitest";
import { checkController, checkWorker } from "./index.js";
import { V02Controller } from "./testing/v02-controller.js";
import type { Tamper } from "./testing/v02-server.js";
import { V02Worker } from "./testing/v02-worker.js";

/** Puts something else in the place of everything that stands so deep. */
function replaced(value: unknown, depth: number, by: unknown): unknown {
  if (depth === 0) return by;
  if (Array.isArray(value)) return value.map((item) => replaced(item, depth - 1, by));
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, replaced(item, depth - 1, by)]));
}

const fillings = [null, "text", [], { "0": null }];
const depths = [1, 2, 3];

test.each(depths)("whatever comes in place of what stands %i deep, every check has a result", async (depth) => {
  for (const filling of fillings) {
    const tamper: Tamper = (_, [status, value]) => [status, replaced(value, depth, filling)];
    const { url: controller } = await V02Controller.start(tamper);
    const { url: worker } = await V02Worker.start({}, tamper);
    const options = { timeoutMs: 400, destructive: true };
    const reports = await Promise.all([
      checkController({ url: controller, ...options }),
      checkWorker({ url: worker, ...options }),
    ]);
    if (depth < 3) for (const { ok } of reports) expect(ok, JSON.stringify(filling)).toBe(false);
    for (const { checks } of reports) expect(checks.length).toBeGreaterThan(30);
  }
});

test("a server that sends no HTTP, or no JSON, fails the checks", async () => {
  const { url } = await V02Controller.start(() => "<html>");
  const { counts } = await checkController({ url });
  expect(counts.ok).toBeLessThanOrEqual(1);
});
