import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Circuit, type CircuitChange, type Evidence } from "./circuit.js";

const good: Evidence = { kind: "good" };
const bad = (reason = "away"): Evidence => ({ kind: "bad", reason, text: `it is ${reason}` });

/** A circuit that has just opened, at 0. */
function opened(threshold = 3, giveUpMs = 60_000): Circuit {
  const circuit = new Circuit({ threshold, giveUpMs });
  for (let failure = 0; failure < threshold; failure++) circuit.ended(`f${failure}`, bad(), 0);
  expect(circuit.isOpen).toBe(true);
  return circuit;
}

function probes(circuit: Circuit, attempt: string, evidence: Evidence, now: number): CircuitChange | undefined {
  expect(circuit.room(now)).toBe(1);
  circuit.started(attempt);
  expect(circuit.room(now)).toBe(0);
  return circuit.ended(attempt, evidence, now);
}

describe("Circuit", () => {
  it("opens after enough identical failures in a row, and not for others", () => {
    const circuit = new Circuit({ threshold: 3, giveUpMs: 60_000 });
    const evidence = [bad(), bad(), good, bad(), bad(), bad("slow"), bad(), { kind: "neutral" }, bad()] as const;
    for (const one of evidence) expect(circuit.ended("some", one, 0)).toBeUndefined();
    expect(circuit.room(9)).toBe(Number.POSITIVE_INFINITY);
    const change = circuit.ended("last", bad(), 9);
    expect(change).toEqual({ to: "open", text: "it is away", failures: 3, pauseMs: 5_000, because: "failures" });
    expect(circuit.room(5_008)).toBe(0);
    expect(circuit.halfOpenAt).toBe(5_009);
  });

  it("lets one attempt probe after each pause, which doubles each time, and gives up in the end", () => {
    const circuit = opened();
    const pauses: unknown[] = [];
    let now = 5_000;
    for (let attempt = 0; circuit.givenUp === undefined; attempt++) {
      const change = probes(circuit, `try ${attempt}`, bad(), now);
      pauses.push(change?.to === "open" ? change.pauseMs : change);
      now = circuit.halfOpenAt ?? now;
    }
    const end = { to: "given up", text: "it is away", afterMs: 60_000, probes: 4 };
    expect(pauses).toEqual([10_000, 20_000, 25_000, end]);
    expect(circuit.room(1e9)).toBe(0);
    expect(circuit.halfOpenAt).toBeUndefined();
  });

  it("ignores failures of attempts that were in flight, and closes with any success", () => {
    const circuit = opened();
    expect(circuit.ended("old", bad(), 100)).toBeUndefined();
    expect(circuit.ended("old too", good, 200)).toEqual({ to: "closed", afterMs: 200 });
    expect(circuit.room(200)).toBe(Number.POSITIVE_INFINITY);
  });

  it("lets another attempt probe at once if one did not take place", () => {
    const circuit = opened();
    circuit.started("first");
    circuit.released("first");
    expect(probes(circuit, "second", good, 5_000)).toMatchObject({ to: "closed" });
  });

  it("treats a probe without evidence as failed, and gives up with the original reason", () => {
    const circuit = opened();
    expect(probes(circuit, "first", { kind: "neutral" }, 5_000)).toMatchObject({ pauseMs: 10_000, because: "probe" });
    expect(circuit.room(14_999)).toBe(0);
    probes(circuit, "second", { kind: "neutral" }, 60_000);
    expect(circuit.givenUp).toBe("it is away");
  });

  it("probes a second time, however late the first probe was", () => {
    const circuit = opened();
    expect(probes(circuit, "first", bad(), 300_000)).toMatchObject({ to: "open", pauseMs: 10_000 });
    expect(probes(circuit, "second", bad(), 310_000)).toMatchObject({ to: "given up", probes: 2 });
  });

  it("opens again after two failures for the same reason, until enough attempts have succeeded", () => {
    const circuit = opened(4);
    probes(circuit, "probe", good, 5_000);
    for (const evidence of [bad(), bad("slow"), bad("slow"), bad()]) {
      expect(circuit.ended("a", evidence, 6_000)).toBeUndefined();
    }
    expect(circuit.ended("a", bad(), 6_000)).toMatchObject({ to: "open", because: "relapse", pauseMs: 5_000 });
    probes(circuit, "another", good, 16_000);
    for (let repeated = 0; repeated < 9; repeated++) expect(circuit.ended("r", bad(), 16_000, true)).toBeUndefined();
    for (const attempt of ["b", "c", "d", "e"]) circuit.ended(attempt, good, 17_000);
    expect(circuit.ended("e", bad(), 18_000)).toBeUndefined();
    expect(circuit.ended("e", bad(), 18_000)).toBeUndefined();
    expect(circuit.ended("f", bad(), 18_000)).toBeUndefined();
    expect(circuit.ended("g", bad(), 18_000)).toMatchObject({ to: "open", pauseMs: 5_000 });
  });

  it("never opens with a threshold of 0", () => {
    const circuit = new Circuit({ threshold: 0, giveUpMs: 0 });
    for (let at = 0; at < 100; at++) expect(circuit.ended(String(at), bad(), at)).toBeUndefined();
  });

  it("never runs two probes at once, opens only for failures, and gives up if nothing succeeds", () => {
    const event = fc.record({
      what: fc.constantFrom("start", "good", "bad", "neutral"),
      pick: fc.nat(9),
      ms: fc.nat(9_000),
    });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 }), fc.array(event, { maxLength: 80 }), (threshold, events) => {
        const circuit = new Circuit({ threshold, giveUpMs: 30_000 });
        const flying: string[] = [];
        const startedOpen = new Set<string>();
        let [now, next, inRow] = [0, 0, 0];
        for (const { what, pick, ms } of events) {
          now += ms;
          if (what === "start") {
            if (circuit.room(now) < 1) continue;
            const attempt = String(next++);
            if (circuit.isOpen) startedOpen.add(attempt);
            circuit.started(attempt);
            flying.push(attempt);
            continue;
          }
          const [attempt] = flying.splice(pick % (flying.length || 1), 1);
          if (attempt === undefined) continue;
          startedOpen.delete(attempt);
          const wasOpen = circuit.isOpen;
          const change = circuit.ended(attempt, what === "bad" ? bad() : { kind: what as "good" | "neutral" }, now);
          if (what !== "neutral") inRow = what === "bad" ? inRow + 1 : 0;
          if (what === "good") expect(circuit.isOpen).toBe(false);
          if (!wasOpen && circuit.isOpen)
            expect(change).toMatchObject({ to: "open", because: expect.stringMatching("failures|relapse") });
          if (!wasOpen && circuit.isOpen) expect(what).toBe("bad");
          if (circuit.isOpen) expect(startedOpen.size + Math.min(1, circuit.room(now))).toBeLessThanOrEqual(1);
          else startedOpen.clear();
        }
        // From here on everything fails.
        let started = 0;
        for (const attempt of flying) circuit.ended(attempt, bad(), now);
        for (; circuit.givenUp === undefined; started++) {
          now = Math.max(now, circuit.halfOpenAt ?? now);
          circuit.started(`late ${started}`);
          circuit.ended(`late ${started}`, bad(), now);
          expect(started).toBeLessThan(threshold + 10);
        }
      }),
    );
  });
});
