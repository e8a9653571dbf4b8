import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AdaptiveCapacity } from "./adaptive-capacity.js";

const refused = (sentAgoMs = 0, retryAfterMs?: number) => ({ count: 1, sentAgoMs, retryAfterMs });

describe("AdaptiveCapacity", () => {
  it("halves once for one burst, and drains before another burst counts", () => {
    const capacity = new AdaptiveCapacity(16);
    expect(capacity.overloaded(refused(), 16, 100)).toEqual({ from: 16, to: 8, pauseMs: 0 });
    for (let more = 0; more < 14; more++) expect(capacity.overloaded(refused(), 16, 101 + more)).toBeUndefined();
    expect(capacity.room(16, 200)).toBe(-8);
    expect(capacity.room(8, 1_000)).toBe(0);
    // Sent before the others had drained: the same burst.
    expect(capacity.overloaded(refused(500), 8, 1_400)).toBeUndefined();
    expect(capacity.overloaded(refused(100), 8, 1_400)).toEqual({ from: 8, to: 4, pauseMs: 0 });
  });

  it("starts nothing before the time that the endpoint requested, but does not wait for hours", () => {
    const capacity = new AdaptiveCapacity(4);
    capacity.overloaded(refused(0, 2_000), 2, 0);
    expect([capacity.room(0, 1_999), capacity.room(0, 2_000)]).toEqual([0, 2]);
    capacity.overloaded(refused(0, 36_000_000), 2, 3_000);
    expect([capacity.room(0, 302_999), capacity.room(0, 303_000)]).toEqual([0, 1]);
  });

  it("grows by one per `limit` successful samples, at most once a second, up to the configured number", () => {
    const capacity = new AdaptiveCapacity(4);
    capacity.overloaded(refused(), 2, 0);
    expect([1, 2, 3].map((now) => capacity.succeeded(2, now))).toEqual([false, false, false]);
    expect(capacity.succeeded(2, 1_000)).toBe(true);
    expect([2_000, 2_001, 2_002].map((now) => capacity.succeeded(2, now))).toEqual([false, false, true]);
    expect(capacity.limit).toBe(4);
    for (let now = 4_000; now < 90_000; now += 1_000) capacity.succeeded(4, now);
    expect(capacity.limit).toBe(4);
  });

  it("stays between 1 and the configured number, and returns to it when no more requests are refused", () => {
    const step = fc.record({
      what: fc.constantFrom("refused", "succeeded"),
      inFlight: fc.nat(40),
      ms: fc.nat(3_000),
      sentAgoMs: fc.nat(3_000),
      retryAfterMs: fc.option(fc.nat(10_000), { nil: undefined }),
    });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 30 }), fc.array(step, { maxLength: 60 }), (most, steps) => {
        const capacity = new AdaptiveCapacity(most);
        let now = 0;
        for (const { what, inFlight, ms, sentAgoMs, retryAfterMs } of steps) {
          now += ms;
          const before = capacity.limit;
          if (what === "refused") capacity.overloaded({ count: 1, sentAgoMs, retryAfterMs }, inFlight, now);
          else capacity.succeeded(inFlight, now);
          expect(capacity.limit).toBeGreaterThanOrEqual(Math.max(1, Math.floor(before / 2)));
          expect(capacity.limit).toBeLessThanOrEqual(Math.min(most, before + 1));
          expect(inFlight + Math.max(0, capacity.room(inFlight, now))).toBeLessThanOrEqual(Math.max(inFlight, most));
        }
        for (let good = 0; good < most * most; good++) {
          now += 1_000;
          capacity.succeeded(1, now);
        }
        expect(capacity.limit).toBe(most);
        expect(capacity.room(0, now + 300_000)).toBe(most);
      }),
    );
  });
});
