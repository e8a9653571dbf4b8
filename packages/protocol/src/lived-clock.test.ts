import { expect, test } from "vitest";
import { LivedClock } from "./lived-clock.js";
import { FakeClock } from "./testing/index.js";

test("time passes while the process runs, and stands still while it is suspended", () => {
  const source = new FakeClock(500);
  const clock = new LivedClock(source.now, 1_000);
  expect(clock.now()).toBe(500);
  source.advance(3_000);
  expect(clock.now()).toBe(3_500);
  // An hour of sleep counts as one tick.
  source.advance(3_600_000);
  expect(clock.now()).toBe(4_500);
  source.advance(1_000);
  expect(clock.now()).toBe(5_500);
});
