import fc from "fast-check";
import { expect, test } from "vitest";
import { type Action, type Belief, type Circumstances, type Observation, reconcile } from "./reconcile.js";

const instance = "this controller";

const ids = fc.uniqueArray(fc.integer({ min: 1, max: 12 }), { maxLength: 8 });

const beliefs = ids.chain((list) =>
  fc.tuple(
    ...list.map((id) =>
      fc.record({
        id: fc.constant(id),
        state: fc.constantFrom<Belief["state"]>("starting", "open", "closing"),
        seenAt: fc.integer({ min: 0, max: 10 }),
        busy: fc.boolean(),
      }),
    ),
  ),
);

const report = fc.record({
  index: fc.integer({ min: 0, max: 3 }),
  openedBy: fc.constantFrom(instance, "another controller", undefined),
  owner: fc.constantFrom("run/1", undefined),
  leaseMs: fc.constantFrom(60_000, undefined),
});

const observation = (version: fc.Arbitrary<number | undefined>): fc.Arbitrary<Observation> =>
  fc.record({
    version,
    running: fc.constant(undefined),
    sessions: ids.chain((list) =>
      fc.tuple(...list.map((id) => fc.tuple(fc.constant(id), report))).map((entries) => new Map(entries)),
    ),
  });

const circumstances: fc.Arbitrary<Circumstances> = fc.record({
  instance: fc.constant(instance),
  knownVersion: fc.constant(5),
  isElsewhere: ids.map((list) => (id: number) => list.includes(id)),
  wasClosed: ids.map((list) => (id: number) => list.includes(id)),
  suspects: ids.map((list) => new Set(list)),
});

const fresh = observation(fc.integer({ min: 10, max: 20 }));

/** What is believed after the actions, and what the worker runs after them. */
function apply(before: readonly Belief[], seen: Observation, actions: readonly Action[]) {
  const believed = new Set(before.map(({ id }) => id));
  const running = new Set(seen.sessions.keys());
  for (const { kind, id } of actions) {
    if (kind === "adopt") believed.add(id);
    if (kind === "drop") believed.delete(id);
    if (kind === "cancel") running.delete(id);
  }
  return { believed, running };
}

test("after the actions, the table equals the worker's sessions, except for sessions that are starting", () => {
  fc.assert(
    fc.property(beliefs, fresh, circumstances, (before, seen, around) => {
      const { actions } = reconcile(before, seen, around);
      const { believed, running } = apply(before, seen, actions);
      const starting = before.filter(({ state }) => state === "starting").map(({ id }) => id);
      for (const id of running) expect(believed.has(id)).toBe(true);
      for (const id of believed) expect(running.has(id) || starting.includes(id)).toBe(true);
    }),
  );
});

test("carrying the actions out and looking again gives no further action", () => {
  fc.assert(
    fc.property(beliefs, fresh, circumstances, (before, seen, around) => {
      const { actions } = reconcile(before, seen, around);
      const { believed, running } = apply(before, seen, actions);
      const stateOf = (id: number) => before.find((belief) => belief.id === id)?.state ?? "open";
      const after = [...believed].map((id) => ({ id, state: stateOf(id), seenAt: 10, busy: false }));
      const sessions = new Map([...seen.sessions].filter(([id]) => running.has(id)));
      expect(reconcile(after, { ...seen, sessions }, around).actions).toEqual([]);
    }),
  );
});

test("an outdated observation changes nothing", () => {
  fc.assert(
    fc.property(beliefs, observation(fc.integer({ min: 0, max: 4 })), circumstances, (before, seen, around) => {
      expect(reconcile(before, seen, around)).toEqual({ actions: [], suspects: new Set() });
    }),
  );
});

test("a session that is starting is never dropped, nor one that was seen later than the observation", () => {
  fc.assert(
    fc.property(beliefs, observation(fc.constantFrom(5, 7, undefined)), circumstances, (before, seen, around) => {
      for (const { kind, id } of reconcile(before, seen, around).actions) {
        if (kind !== "drop") continue;
        const belief = before.find((one) => one.id === id) as Belief;
        expect(belief.state).not.toBe("starting");
        if (seen.version !== undefined) expect(belief.seenAt).toBeLessThanOrEqual(seen.version);
      }
    }),
  );
});

test("of a v0.2 worker, only what was suspected before is dropped or canceled, and nothing that is in use", () => {
  fc.assert(
    fc.property(beliefs, observation(fc.constant(undefined)), circumstances, (before, seen, around) => {
      const { actions, suspects } = reconcile(before, seen, around);
      for (const { kind, id } of actions) {
        if (kind === "adopt") continue;
        expect(around.suspects.has(id)).toBe(true);
        expect(suspects.has(id)).toBe(false);
        if (kind === "drop") expect(before.find((belief) => belief.id === id)?.busy).toBe(false);
      }
    }),
  );
});

test("an unknown session is adopted, unless this controller opened or closed it, or has it elsewhere", () => {
  fc.assert(
    fc.property(fresh, circumstances, (seen, around) => {
      const { actions } = reconcile([], seen, around);
      for (const [id, { openedBy }] of seen.sessions) {
        const isLeftOver = openedBy === instance || around.wasClosed(id) || around.isElsewhere(id);
        expect(actions.find((action) => action.id === id)?.kind).toBe(isLeftOver ? "cancel" : "adopt");
      }
    }),
  );
});
