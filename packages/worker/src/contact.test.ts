import { LivedClock } from "@eval/protocol";
import { FakeClock } from "@eval/protocol/testing";
import { expect, test } from "vitest";
import { Contact } from "./contact.js";
import { LoopLag } from "./loop-lag.js";

test("silence counts from the last sign of life, and not the time in which the worker was suspended", () => {
  const clock = new FakeClock();
  const lived = new LivedClock(clock.now, 1_000);
  const contact = new Contact(() => lived.now());
  clock.advance(1_000);
  expect(contact.silence()).toBe(1_000);
  clock.advance(3_600_000);
  expect(contact.silence()).toBe(2_000);
  contact.touch();
  expect(contact.silence()).toBe(0);
});

test("the loop's lag is the maximum since the last reading, also directly after a reading", () => {
  const clock = new FakeClock();
  const lag = new LoopLag(clock.now);
  clock.advance(100);
  expect(lag.take()).toBe(0);
  clock.advance(2_600);
  expect(lag.take()).toBe(2_500);
  expect(lag.take()).toBe(0);
});
