import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ModelHost } from "./testing/model-host.js";
import { ModelRedis } from "./testing/model-redis.js";
import { ModelCenter, ModelFolder } from "./testing/model-run.js";

const lockMs = 3_000;
const tickMs = 250;

/** What happens to a run from outside. */
const event = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant("pass" as const), ms: fc.integer({ min: 250, max: 15_000 }) }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("join" as const), shard: fc.nat(1) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("kill" as const), host: fc.nat(5) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("stall" as const), host: fc.nat(5) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("cut off" as const), host: fc.nat(5) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("recover" as const), host: fc.nat(5) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("outage" as const),
      forgets: fc.boolean(),
      ms: fc.integer({ min: 250, max: 20_000 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("forget" as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("stall center" as const), ms: fc.integer({ min: 250, max: 20_000 }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("succeed" as const), isOldStalled: fc.boolean() }) },
);

type Event = typeof event extends fc.Arbitrary<infer Value> ? Value : never;

class World {
  #now = 0;
  #hostCount = 0;
  #term = 0;
  #waiting: { isDue: () => boolean; resolve: () => void }[] = [];
  readonly hosts = new Map<string, ModelHost>();
  readonly centers: ModelCenter[] = [];
  readonly folder = new ModelFolder(12);
  readonly redis = new ModelRedis(
    2,
    () => this.#now,
    () => this.#meanwhile(),
  );

  /** @param random whole numbers below its argument */
  constructor(private readonly random: (below: number) => number) {}

  get center(): ModelCenter {
    return this.centers.at(-1) as ModelCenter;
  }

  async launch(): Promise<void> {
    this.redis.term = ++this.#term;
    const center = new ModelCenter(this.#term, this.redis, this.folder, this.hosts, lockMs, (ms) => this.#sleep(ms));
    let isReady = false;
    const adopting = center.adopt().finally(() => {
      isReady = true;
    });
    while (!isReady) await this.pass(tickMs);
    await adopting;
    this.centers.push(center);
  }

  join(shards: number[]): void {
    const id = `h${this.#hostCount++}`;
    this.hosts.set(id, new ModelHost(id, shards, this.redis, lockMs, this.random));
  }

  async pass(ms: number): Promise<void> {
    for (const end = this.#now + ms; this.#now < end; ) {
      this.#tick(tickMs);
      if (this.#now % 500 < tickMs) for (const center of this.centers) center.beat();
      // Rounds of the centers interleave with hosts, and a long one with several ticks.
      for (let turns = this.random(60); turns > 0; turns--) await Promise.resolve();
    }
  }

  async happen(what: Event): Promise<void> {
    const host = "host" in what ? [...this.hosts.values()][what.host % Math.max(1, this.hosts.size)] : undefined;
    switch (what.kind) {
      case "pass":
        return this.pass(what.ms);
      case "join":
        return this.join([what.shard]);
      case "kill":
        return host?.kill();
      case "stall":
        if (host) host.isStalled = true;
        return;
      case "cut off":
        if (host) host.isCutOff = true;
        return;
      case "recover":
        if (host) host.isStalled = host.isCutOff = false;
        return;
      case "outage":
        this.redis.isUp = false;
        await this.pass(what.ms);
        if (what.forgets) this.#forget();
        this.redis.isUp = true;
        return;
      case "forget":
        return this.#forget();
      case "stall center":
        this.center.isStalled = true;
        await this.pass(what.ms);
        this.center.isStalled = false;
        return;
      case "succeed":
        this.center.isStalled = what.isOldStalled;
        await this.launch();
        return;
    }
  }

  /** Everybody recovers, and nothing happens any more. Resolves with the time until the run is complete. */
  async recover(): Promise<number> {
    for (const host of this.hosts.values()) host.isStalled = host.isCutOff = false;
    for (const center of this.centers) center.isStalled = false;
    this.join([0, 1]);
    const from = this.#now;
    while ((!this.folder.isComplete || this.center.inFlight > 0) && this.#now - from < 300_000) await this.pass(500);
    const completedAfterMs = this.#now - from;
    await this.pass(30_000);
    return completedAfterMs;
  }

  /** Resolves at the first tick at which the condition holds. */
  readonly #until = async (isDue: () => boolean): Promise<void> => {
    if (!isDue()) await new Promise<void>((resolve) => this.#waiting.push({ isDue, resolve }));
  };

  #sleep(maxMs: number): Promise<void> {
    const end = this.#now + this.random(maxMs);
    return this.#until(() => this.#now >= end);
  }

  /** With the term lost, the first of two centers to notice would keep the run: that is not tested here. */
  #forget(): void {
    if (this.centers.filter(({ isOver }) => !isOver).length !== 1) return;
    this.redis.forget();
    // Nobody knows any more which host had which attempt: sessions of dead hosts end with their leases.
    for (const host of this.hosts.values()) host.orphans.clear();
  }

  #tick(ms: number): void {
    this.#now += ms;
    const due = this.#waiting.filter(({ isDue }) => isDue());
    this.#waiting = this.#waiting.filter((one) => !due.includes(one));
    for (const { resolve } of due) resolve();
    for (const host of this.hosts.values()) host.step();
    const living = [...this.hosts.values()].flatMap((host) => host.living);
    if (new Set(living).size < living.length) this.folder.faults.push(`two runners at ${this.#now}: ${living}`);
  }

  /** Between two commands of a center: hosts go on, and a Redis that is away does not answer. */
  async #meanwhile(): Promise<void> {
    const hosts = [...this.hosts.values()];
    if (hosts.length > 0 && this.random(3) === 0) hosts[this.random(hosts.length)]?.step();
    const until = this.random(100) === 0 ? this.#now + this.random(1_000) : 0;
    await Promise.resolve();
    await this.#until(() => this.redis.isUp && this.#now >= until);
  }
}

describe("a run over Redis, whatever happens to its hosts, its Redis and its centers", () => {
  test("accepts one outcome of each sample, ends each attempt once, and never runs a sample twice at a time", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(event, { maxLength: 40 }), fc.integer(), async (events, seed) => {
        const world = new World(randomBelow(seed));
        await world.launch();
        for (const one of events) await world.happen(one);
        const completedAfterMs = await world.recover();
        expect(world.folder.faults).toEqual([]);
        expect(world.folder.isComplete).toBe(true);
        expect(world.center.inFlight).toBe(0);
        expect(world.center.tracker.inFlight).toBe(0);
        expect([...world.redis.jobs.keys(), ...world.redis.results.keys()]).toEqual([]);
        expect(completedAfterMs).toBeLessThan(180_000);
      }),
      { numRuns: 200 },
    );
  });
});

/** Mulberry32. */
function randomBelow(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}
