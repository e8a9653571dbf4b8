import { expect, it } from "vitest";
import { ReplacementPolicy } from "./replacement-policy.js";

it("doubles the delay each time, and gives up after ten useless runners in a row", () => {
  const policy = new ReplacementPolicy();
  const delays = Array.from({ length: 10 }, () => policy.next(true));
  expect(delays).toEqual([100, 200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, undefined]);
});

it("gives up after five failed starts in a row", () => {
  const policy = new ReplacementPolicy();
  const delays = [true, false, false, false, false, false].map((wasReady) => policy.next(wasReady));
  expect(delays).toEqual([100, 200, 400, 800, 1_600, undefined]);
});

it("resets when a runner did useful work", () => {
  const policy = new ReplacementPolicy();
  for (let lost = 0; lost < 100; lost++) {
    expect(policy.next(true)).toBe(100);
    policy.proved();
  }
});
