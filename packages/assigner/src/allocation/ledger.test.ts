import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Grant } from "../attempt/attempt.js";
import type { CellPlan } from "../attempt/cell-plan.js";
import { exponentialBackoff } from "../attempt/retry-policy.js";
import { Ledger } from "./ledger.js";

function planOf(agent: string, task: string, samples: number): CellPlan {
  const remaining = Array.from({ length: samples }, (_, index) => ({ index, epoch: 1 }));
  return { agent, task, priority: 0, remaining, total: samples, done: 0, excluded: [] };
}

function ledgerOf(plans: CellPlan[], capacity: number, maxAttempts = 1): Ledger {
  const agent = new Map(plans.map((plan) => [plan.agent, capacity]));
  const task = new Map(plans.map((plan) => [plan.task, capacity]));
  return new Ledger(plans, { agent, task }, { maxAttempts, delayMs: () => 1_000 });
}

const plenty = () => Number.MAX_SAFE_INTEGER;

describe("Ledger", () => {
  it("grants in the order of the plan, up to the capacities", () => {
    const ledger = ledgerOf([planOf("a", "t", 5)], 2);
    expect(ledger.grant(0, plenty).map(({ index }) => index)).toEqual([0, 1]);
    expect(ledger.grant(0, plenty)).toEqual([]);
    expect(ledger.inFlightOf("t")).toBe(2);
  });

  it("grants no more than the controller's free capacity, and no more than the limit", () => {
    const ledger = ledgerOf([planOf("a", "t", 9)], 9);
    expect(ledger.grant(0, () => 3)).toHaveLength(3);
    expect(ledger.grant(0, () => 0)).toHaveLength(0);
    expect(ledger.grant(0, plenty, 2)).toHaveLength(2);
  });

  it("fills a slot that became free", () => {
    const ledger = ledgerOf([planOf("a", "t", 3)], 1);
    const [first] = ledger.grant(0, plenty) as [Grant];
    expect(ledger.end(first.attempt, false, 5)).toMatchObject({ retried: false, durationMs: 5 });
    expect(ledger.grant(5, plenty)).toMatchObject([{ index: 1, number: 1 }]);
  });

  it("adopts running samples, and grants none of them again", () => {
    const ledger = ledgerOf([planOf("a", "t", 4)], 2);
    const sample = { agent: "a", task: "t", epoch: 1, number: 2, losses: 1, repeats: 0 };
    const foreign = { ...sample, agent: "other" };
    const adopted = ledger.adopt(
      [
        { ...sample, index: 2 },
        { ...sample, index: 9 },
        { ...sample, index: 2 },
        { ...foreign, index: 0 },
      ],
      0,
    );
    expect(adopted[0]).toMatchObject({ index: 2, number: 2, losses: 1 });
    expect(adopted.slice(1)).toEqual([undefined, undefined, undefined]);
    expect(ledger.grant(0, plenty).map(({ index }) => index)).toEqual([0]);
    ledger.end((adopted[0] as Grant).attempt, false, 1);
    expect(ledger.grant(0, plenty).map(({ index }) => index)).toEqual([1]);
    expect(ledger.waitingFor("t")).toBe(1);
  });

  it("limits the attempts at a sample, failures and losses together", () => {
    const capacity = { agent: new Map([["a", 1]]), task: new Map([["t", 1]]) };
    const retry = { maxAttempts: 3, maxExecutions: 3, delayMs: () => 0 };
    const ledger = new Ledger([planOf("a", "t", 1)], capacity, retry);
    const next = () => (ledger.grant(0, plenty) as [Grant])[0];
    expect(ledger.end(next().attempt, true, 0)?.retried).toBe(true);
    const second = next();
    expect(ledger.mayLose(second.attempt)).toBe(true);
    ledger.lose(second.attempt);
    const third = next();
    expect(ledger.mayLose(third.attempt)).toBe(false);
    expect(ledger.end(third.attempt, true, 0)?.retried).toBe(false);
    expect(ledger.isDone).toBe(true);
  });

  it("probes with a sample that was never started, of any task, else with the one with the fewest attempts", () => {
    const ledger = ledgerOf([{ ...planOf("a", "urgent", 2), priority: -1 }, planOf("a", "t", 1)], 1, 9);
    const next = (now: number) => ledger.grant(now, plenty, 1, plenty, () => true)[0] as Grant;
    const take = (now: number) => {
      const grant = next(now);
      ledger.repeat(grant.attempt, now, now);
      return [grant.task, grant.number];
    };
    expect([0, 1, 2].map(take)).toEqual([
      ["urgent", 1],
      ["urgent", 1],
      ["t", 1],
    ]);
    expect([3, 4, 5].map(take)).toEqual([
      ["urgent", 2],
      ["urgent", 2],
      ["urgent", 3],
    ]);
  });

  it("ignores the end of an attempt that is not in flight", () => {
    const ledger = ledgerOf([planOf("a", "t", 1)], 1);
    const [only] = ledger.grant(0, plenty) as [Grant];
    ledger.end(only.attempt, false, 1);
    expect(ledger.end(only.attempt, false, 2)).toBeUndefined();
    expect(ledger.putBack(only.attempt)).toBeUndefined();
    expect(ledger.inFlight).toBe(0);
  });

  it("retries a failed sample when it is due, and not more often than allowed", () => {
    const ledger = ledgerOf([planOf("a", "t", 1)], 1, 2);
    const [first] = ledger.grant(0, plenty) as [Grant];
    expect(ledger.end(first.attempt, true, 10)?.retried).toBe(true);
    expect(ledger.isDone).toBe(false);
    expect(ledger.grant(10, plenty)).toEqual([]);
    expect(ledger.nextDue(10)).toBe(1_010);
    const [second] = ledger.grant(1_010, plenty) as [Grant];
    expect(second).toMatchObject({ index: 0, number: 2 });
    expect(ledger.end(second.attempt, true, 1_020)?.retried).toBe(false);
    expect(ledger.isDone).toBe(true);
  });

  it("starts a sample that was put back before all others, with the same attempt number", () => {
    const ledger = ledgerOf([planOf("a", "t", 3)], 1);
    const [first] = ledger.grant(0, plenty) as [Grant];
    ledger.putBack(first.attempt);
    expect(ledger.grant(0, plenty)).toMatchObject([{ index: 0, number: 1 }]);
  });

  it("gives up the remaining samples of a task, and keeps the attempts in flight", () => {
    const ledger = ledgerOf([planOf("a", "t", 5), planOf("a", "u", 1)], 1);
    const [running] = ledger.grant(0, (task) => (task === "t" ? 1 : 0)) as [Grant];
    expect(ledger.abandon("t")).toBe(4);
    expect(ledger.waitingFor("t")).toBe(0);
    expect(ledger.isDone).toBe(false);
    ledger.end(running.attempt, false, 1);
    expect(ledger.waitingFor("u")).toBe(1);
  });

  it("runs every sample exactly once and never above a capacity, whatever happens", () => {
    const outcome = fc.constantFrom("accepted", "failed", "put back");
    const cells = fc.uniqueArray(fc.tuple(fc.nat(2), fc.nat(2)), { minLength: 1, maxLength: 6, selector: String });
    fc.assert(
      fc.property(
        cells,
        fc.integer({ min: 1, max: 4 }),
        fc.nat(6),
        fc.infiniteStream(outcome),
        (pairs, most, size, outcomes) => {
          const plans = pairs.map(([agent, task]) => planOf(`a${agent}`, `t${task}`, size));
          const ledger = ledgerOf(plans, most, 2);
          const finals = new Map<string, number>();
          const running: Grant[] = [];
          let now = 0;
          for (let step = 0; !ledger.isDone && step < 2_000; step++) {
            running.push(...ledger.grant(now, plenty));
            for (const side of ["agent", "task"] as const) {
              for (const name of new Set(running.map((grant) => grant[side]))) {
                expect(running.filter((grant) => grant[side] === name).length).toBeLessThanOrEqual(most);
              }
            }
            const grant = running.splice(step % Math.max(1, running.length), 1)[0];
            if (grant === undefined) now = ledger.nextDue(now) ?? now + 1;
            else settle(ledger, grant, step < 500 ? (outcomes.next().value as string) : "accepted", now, finals);
          }
          expect(ledger.isDone).toBe(true);
          expect(finals.size).toBe(pairs.length * size);
          expect([...finals.values()].every((count) => count === 1)).toBe(true);
        },
      ),
      { numRuns: 200 },
    );
  });
});

/** A simple model of a cell that searches a list. */
class ModelCell {
  readonly running: Grant[] = [];
  #again: { index: Grant["index"]; number: number; due: number }[] = [];
  #left: Grant["index"][];

  constructor(
    readonly task: string,
    plan: CellPlan,
  ) {
    this.#left = plan.remaining.map(({ index }) => index);
  }

  get waiting(): number {
    return this.#again.length + this.#left.length;
  }

  dues(now: number): number[] {
    return this.#again.map(({ due }) => due).filter((due) => due > now);
  }

  ready(now: number): number {
    return this.waiting - this.dues(now).length;
  }

  start(now: number): { index: Grant["index"] | undefined; number: number } {
    const due = Math.min(...this.#again.map((sample) => sample.due));
    const at = due <= now ? this.#again.findIndex((sample) => sample.due === due) : -1;
    const [sample] = at >= 0 ? this.#again.splice(at, 1) : [];
    return { index: sample?.index ?? this.#left.shift(), number: sample?.number ?? 1 };
  }

  putBack({ index, number }: Grant): void {
    this.#again.unshift({ index, number, due: Number.NEGATIVE_INFINITY });
  }

  retry({ index, number }: Grant, due: number): void {
    this.#again.push({ index, number: number + 1, due });
  }

  abandon(): number {
    const count = this.waiting;
    this.#again = [];
    this.#left = [];
    return count;
  }
}

describe("Ledger with many retries", () => {
  const capacity = 4;
  const maxAttempts = 3;
  const step = fc.record({
    what: fc.constantFrom(
      "grant",
      "grant",
      "fail",
      "fail",
      "accept",
      "put back",
      "wait",
      "wait for the next",
      "abandon",
    ),
    cell: fc.nat(2),
    pick: fc.nat(capacity),
    ms: fc.nat(40),
    rare: fc.nat(9),
  });

  it("behaves like the simple model", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 3 }),
        fc.nat(12),
        fc.array(step, { maxLength: 120, size: "max" }),
        (count, size, steps) => {
          const plans = Array.from({ length: count }, (_, at) => planOf(`a${at}`, `t${at}`, size));
          const limits = (side: "agent" | "task") => new Map(plans.map((plan) => [plan[side], capacity]));
          let delay = 0;
          const retry = { maxAttempts, delayMs: () => delay };
          const ledger = new Ledger(plans, { agent: limits("agent"), task: limits("task") }, retry);
          const model = plans.map((plan) => new ModelCell(plan.task, plan));
          let now = 0;
          for (const { what, cell: at, pick, ms, rare } of steps) {
            const cell = model[at % count] as ModelCell;
            const [ended] = /fail|accept|put/.test(what)
              ? cell.running.splice(pick % (cell.running.length || 1), 1)
              : [];
            delay = ms;
            if (what === "wait") now += ms;
            if (what === "wait for the next") now = ledger.nextDue(now) ?? now;
            if (what === "grant") expectGrants(ledger, model, now, rare < 3 ? pick : undefined);
            if (what === "abandon" && rare === 0) expect(ledger.abandon(cell.task)).toBe(cell.abandon());
            if (ended !== undefined) expectEnd(ledger, cell, ended, what, now, now + delay);
            const dues = model.flatMap((one) => one.dues(now));
            expect(ledger.nextDue(now)).toBe(dues.length > 0 ? Math.min(...dues) : undefined);
            for (const one of model) expect(ledger.waitingFor(one.task)).toBe(one.waiting);
            expect(ledger.isDone).toBe(model.every((one) => one.waiting + one.running.length === 0));
          }
        },
      ),
      { numRuns: 150 },
    );
  });

  function expectGrants(ledger: Ledger, model: ModelCell[], now: number, limit?: number): void {
    const counts = model.map((cell) => Math.min(capacity - cell.running.length, cell.ready(now)));
    const grants = ledger.grant(now, plenty, limit);
    const total = counts.reduce((sum, count) => sum + count, 0);
    expect(grants).toHaveLength(Math.min(total, limit ?? total));
    for (const grant of grants) {
      const cell = model.find(({ task }) => task === grant.task) as ModelCell;
      expect(grant).toMatchObject(cell.start(now));
      cell.running.push(grant);
    }
  }

  function expectEnd(ledger: Ledger, cell: ModelCell, grant: Grant, what: string, now: number, due: number): void {
    if (what === "put back") {
      expect(ledger.putBack(grant.attempt)).toEqual(grant);
      cell.putBack(grant);
      return;
    }
    const retried = what === "fail" && grant.number < maxAttempts;
    expect(ledger.end(grant.attempt, what === "fail", now)?.retried).toBe(retried);
    if (retried) cell.retry(grant, due);
  }

  it("costs hardly more per operation with 20,000 waiting samples than with 200", () => {
    const few = new Failing(200);
    const many = new Failing(20_000);
    const costs = Array.from({ length: 7 }, () => [few.cost(), many.cost()] as const);
    const least = (side: 0 | 1) => Math.min(...costs.map((cost) => cost[side]));
    expect(least(1) / least(0)).toBeLessThan(20);
  });
});

/** A ledger whose samples have all failed, and fail again on every retry. */
class Failing {
  readonly #ledger: Ledger;
  #now = 0;

  constructor(samples: number) {
    const sides = { agent: new Map([["a", samples]]), task: new Map([["t", samples]]) };
    // One sample becomes due every millisecond.
    const retry = { maxAttempts: Number.POSITIVE_INFINITY, delayMs: () => samples };
    this.#ledger = new Ledger([planOf("a", "t", samples)], sides, retry);
    for (const { attempt } of this.#ledger.grant(0, plenty)) this.#ledger.end(attempt, true, this.#now++);
    this.#now = samples;
  }

  /** Milliseconds for 500 retries, with the queries that a center makes after each. */
  cost(): number {
    const start = performance.now();
    for (let retry = 0; retry < 500; retry++, this.#now++) {
      for (const { attempt } of this.#ledger.grant(this.#now, plenty)) this.#ledger.end(attempt, true, this.#now);
      for (let asked = 0; asked < 3; asked++) {
        if (this.#ledger.nextDue(this.#now) === undefined || this.#ledger.isDone) throw new Error("none waits");
      }
    }
    return performance.now() - start;
  }
}

function settle(ledger: Ledger, grant: Grant, outcome: string, now: number, finals: Map<string, number>): void {
  if (outcome === "put back") {
    ledger.putBack(grant.attempt);
    return;
  }
  const ended = ledger.end(grant.attempt, outcome === "failed", now);
  if (ended?.retried) return;
  const key = JSON.stringify([grant.agent, grant.task, grant.index]);
  finals.set(key, (finals.get(key) ?? 0) + 1);
}

describe("exponentialBackoff", () => {
  it("doubles from a second up to a minute, minus up to a quarter", () => {
    expect([2, 3, 4, 20].map((number) => exponentialBackoff(number, () => 0))).toEqual([1_000, 2_000, 4_000, 60_000]);
    expect(exponentialBackoff(2, () => 1)).toBe(750);
  });
});
