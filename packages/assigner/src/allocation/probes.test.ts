import type { TaskOutput } from "@eval/protocol";
import { silentLogger } from "@eval/protocol/logger";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { EndedAttempt, Grant } from "../attempt/attempt.js";
import type { CellPlan } from "../attempt/cell-plan.js";
import { mayBeRetried } from "../attempt/retry-policy.js";
import { Protection } from "../protection/protection.js";
import { Ledger } from "./ledger.js";

const output: TaskOutput = { index: 0, status: "completed", result: null, history: [] };
const well: EndedAttempt = { kind: "ended", output };
const sameFailure: EndedAttempt = { kind: "failed", error: "AGENT_FAILED", info: "boom", output: null };
const timedOut: EndedAttempt = { kind: "failed", error: "SAMPLE_TIMEOUT", info: "slow", output: null };

function planOf(task: string, samples: number): CellPlan {
  const remaining = Array.from({ length: samples }, (_, index) => ({ index, epoch: 1 }));
  return { agent: "a", task, priority: 0, remaining, total: samples, done: 0, excluded: [] };
}

const keyOf = ({ task, index }: Grant) => `${task} ${index}`;

interface Settings {
  concurrency?: number;
  maxAttempts?: number;
}

/** Runs plans like a center, in virtual time: each attempt takes a second. */
class Simulation {
  now = 0;
  /** Final outcomes by sample. */
  readonly finals = new Map<string, EndedAttempt[]>();
  readonly attempts = new Map<string, number>();
  /** The samples of the probes since the circuit opened. */
  probes: string[] = [];
  left = 0;
  readonly #ledger: Ledger;
  readonly #protection: Protection;
  readonly #flying: { grant: Grant; endsAt: number }[] = [];

  constructor(
    plans: CellPlan[],
    private readonly outcomeOf: (grant: Grant) => EndedAttempt,
    { concurrency = 4, maxAttempts = 1 }: Settings = {},
  ) {
    const capacity = {
      agent: new Map([["a", concurrency]]),
      task: new Map(plans.map(({ task }) => [task, concurrency])),
    };
    const retry = { maxAttempts, delayMs: () => 1_000 };
    this.#ledger = new Ledger(plans, capacity, retry);
    const circuits = { threshold: 10, giveUpMs: 60_000, delayMs: retry.delayMs, logger: silentLogger };
    this.#protection = new Protection(plans, capacity.agent, circuits);
  }

  run(): this {
    for (;;) {
      this.#giveUp();
      this.#start();
      if (this.#ledger.isDone) return this;
      const times = [this.#flying[0]?.endsAt, this.#ledger.nextDue(this.now), this.#protection.nextChange(this.now)];
      this.now = Math.min(...times.filter((time) => time !== undefined));
      expect(this.now).toBeLessThan(1e9);
      while (this.#flying[0] && this.#flying[0].endsAt <= this.now)
        this.#end((this.#flying.shift() as { grant: Grant }).grant);
    }
  }

  completed(): string[] {
    return [...this.finals].filter(([, [final]]) => final === well).map(([key]) => key);
  }

  #giveUp(): void {
    for (const { side, name } of this.#protection.givenUp()) {
      if (this.#flying.length === 0) this.left += this.#ledger.abandon(name, side);
    }
  }

  #start(): void {
    const [ledger, protection, { now }] = [this.#ledger, this.#protection, this];
    const isProbe = protection.isProbing("agent", "a");
    if (!isProbe) this.probes = [];
    const grants = ledger.grant(
      now,
      (task) => protection.taskRoom(task, now),
      Number.POSITIVE_INFINITY,
      (agent, inFlight) => protection.agentRoom(agent, inFlight, now),
      (side, name) => protection.isProbing(side, name),
    );
    for (const grant of grants) {
      protection.started(grant);
      const key = keyOf(grant);
      this.attempts.set(key, (this.attempts.get(key) ?? 0) + 1);
      if (isProbe) this.probes.push(key);
      this.#flying.push({ grant, endsAt: now + 1_000 });
    }
  }

  #end(grant: Grant): void {
    const outcome = this.outcomeOf(grant);
    const inFlight = this.#ledger.inFlightOfAgent("a");
    const due = this.#protection.ended(grant, outcome, inFlight, this.now);
    const ended =
      due === undefined
        ? this.#ledger.end(grant.attempt, mayBeRetried(outcome), this.now)
        : this.#ledger.repeat(grant.attempt, due, this.now);
    const key = keyOf(grant);
    if (!ended?.retried) this.finals.set(key, [...(this.finals.get(key) ?? []), outcome]);
  }
}

const failingAt = (isBad: (index: number) => boolean) => (grant: Grant) =>
  isBad(Number(grant.index)) ? sameFailure : well;

describe("samples that always fail, with a working agent", () => {
  it("do not prevent the others from being completed, wherever they are in the plan", () => {
    const row = fc.record({ before: fc.nat(99), bad: fc.integer({ min: 1, max: 60 }), more: fc.nat(50) });
    fc.assert(
      fc.property(row, fc.integer({ min: 1, max: 30 }), ({ before, bad, more }, concurrency) => {
        // Followed by at least as many good samples.
        const samples = before + 2 * bad + more;
        const isBad = (index: number) => index >= before && index < before + bad;
        const ended = new Simulation([planOf("t", samples)], failingAt(isBad), { concurrency }).run();
        expect(ended.completed()).toHaveLength(samples - bad);
        for (const finals of ended.finals.values()) expect(finals).toHaveLength(1);
        expect(ended.finals.size + ended.left).toBe(samples);
      }),
    );
  });

  it.each([
    ["ten in a row, then every eighth", (index: number) => index < 10 || index % 8 === 0],
    ["ten in a row, then every fifth", (index: number) => index < 10 || index % 5 === 0],
    ["ten in a row, then every second", (index: number) => index < 10 || index % 2 === 0],
  ])("end: %s", (_, isBad) => {
    const ended = new Simulation([planOf("t", 400)], failingAt(isBad)).run();
    expect(ended.finals.size).toBe(400);
    for (const [key, finals] of ended.finals) expect([key, finals.length]).toEqual([key, 1]);
    expect(Math.max(...ended.attempts.values())).toBeLessThanOrEqual(3);
    expect(ended.now).toBeLessThan(400 * 1_000);
  });

  it("end once each, after a bounded number of attempts, or remain after probes with different samples", () => {
    const kinds = fc.array(fc.constantFrom(well, well, sameFailure, sameFailure, timedOut), {
      minLength: 1,
      maxLength: 150,
    });
    const settings = fc.record({
      concurrency: fc.integer({ min: 1, max: 20 }),
      maxAttempts: fc.integer({ min: 1, max: 3 }),
    });
    fc.assert(
      fc.property(kinds, kinds, settings, (one, two, changes) => {
        const outcomeOf = ({ task, index }: Grant) => (task === "one" ? one : two)[Number(index)] as EndedAttempt;
        const plans = [planOf("one", one.length), planOf("two", two.length)];
        const ended = new Simulation(plans, outcomeOf, changes).run();
        for (const finals of ended.finals.values()) expect(finals).toHaveLength(1);
        expect(ended.finals.size + ended.left).toBe(one.length + two.length);
        for (const attempts of ended.attempts.values()) expect(attempts).toBeLessThanOrEqual(changes.maxAttempts + 2);
        const neverStarted = one.length + two.length - ended.attempts.size;
        if (ended.left > 0) expect(ended.probes.length).toBeGreaterThanOrEqual(2);
        if (neverStarted > 0) expect(new Set(ended.probes).size).toBe(ended.probes.length);
        if (ended.left === 0)
          expect(ended.completed()).toHaveLength([...one, ...two].filter((kind) => kind === well).length);
      }),
      { numRuns: 200 },
    );
  });
});

describe("a broken agent", () => {
  it("is given up after probes with different samples, even if these give no evidence", () => {
    let ends = 0;
    const ended = new Simulation([planOf("t", 300)], () => (++ends <= 10 ? sameFailure : timedOut)).run();
    expect(ended.finals.size).toBe(9);
    expect(ended.left).toBe(291);
    expect(new Set(ended.probes).size).toBe(ended.probes.length);
  });

  it("is probed with a sample that was never started, in any task", () => {
    const ended = new Simulation(
      [planOf("bad", 11), planOf("good", 50)],
      ({ task }) => (task === "bad" ? sameFailure : well),
      {
        concurrency: 1,
      },
    ).run();
    expect(ended.completed()).toHaveLength(50);
  });
});
