import { FakeClock } from "@eval/protocol/testing";
import { describe, expect, test } from "vitest";
import { AnsweredClock } from "./answered-clock.js";

function clocks() {
  const time = new FakeClock(5_000);
  const clock = new AnsweredClock(time.now, 4_000);
  const answerAfter = (ms: number) => {
    time.advance(ms);
    clock.answered();
  };
  return { time, clock, answerAfter };
}

describe("the time in which a Redis answered", () => {
  test("goes on with its answers", () => {
    const { clock, answerAfter } = clocks();
    for (let beat = 0; beat < 20; beat++) answerAfter(500);
    expect(clock.now()).toBe(10_000);
    expect(clock.steadyMs).toBe(10_000);
  });

  test("stands still in an outage, however long, and counts what is steady anew", () => {
    const { time, clock, answerAfter } = clocks();
    answerAfter(3_000);
    time.advance(4_001);
    expect(clock.steadyMs).toBe(0);
    answerAfter(60_000);
    expect(clock.now()).toBe(3_000);
    expect(clock.steadyMs).toBe(0);
    answerAfter(2_000);
    expect(clock.now()).toBe(5_000);
    expect(clock.steadyMs).toBe(2_000);
  });

  test("takes a broken connection for an outage, however short", () => {
    const { clock, answerAfter } = clocks();
    answerAfter(2_000);
    clock.interrupted();
    expect(clock.steadyMs).toBe(0);
    answerAfter(100);
    expect(clock.now()).toBe(2_000);
    answerAfter(100);
    expect(clock.steadyMs).toBe(100);
  });
});
