import fc from "fast-check";
import { expect, it } from "vitest";
import { RestartPolicy } from "./restart-policy.js";

const limits = { limit: 3, windowMs: 1_000, delayMs: 10, maxDelayMs: 30 };

it("doubles the delay up to its bound, then gives up", () => {
  const policy = new RestartPolicy(limits);
  expect([0, 1, 2, 3].map((now) => policy.crashed(now))).toEqual([10, 20, 30, undefined]);
});

it("forgets crashes that are older than the window", () => {
  const policy = new RestartPolicy(limits);
  expect([0, 500, 1_100, 2_200].map((now) => policy.crashed(now))).toEqual([10, 20, 20, 10]);
});

it("never allows more than the limit within any window", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 400 }), { maxLength: 30 }), (gaps) => {
      const policy = new RestartPolicy(limits);
      let now = 0;
      const restarts: number[] = [];
      for (const gap of gaps) {
        now += gap;
        if (policy.crashed(now) === undefined) break;
        restarts.push(now);
      }
      for (const start of restarts) {
        expect(restarts.filter((at) => at >= start && at - start < limits.windowMs).length).toBeLessThanOrEqual(
          limits.limit,
        );
      }
    }),
  );
});
