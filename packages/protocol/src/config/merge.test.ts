import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { applyDefaults, deepMerge } from "./merge.js";

const key = fc.constantFrom("a", "b", "c", "import", "__proto__", "constructor", "toString");
const scalar = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null));

/** Entries become own properties, `__proto__` too. */
const mappingOf = <Value>(value: fc.Arbitrary<Value>) =>
  fc.array(fc.tuple(key, value), { maxLength: 4 }).map((entries): Record<string, Value> => Object.fromEntries(entries));

const { tree } = fc.letrec((tie) => ({
  tree: fc.oneof({ maxDepth: 4 }, scalar, fc.array(tie("tree"), { maxLength: 3 }), mappingOf(tie("tree"))),
}));
const mapping = mappingOf(tree);

/** Trees in which a key holds the same kind everywhere: there, merging is associative. */
const typed = fc.record(
  {
    list: fc.array(scalar, { maxLength: 3 }),
    scalar,
    mapping: fc.record({ list: fc.array(scalar, { maxLength: 3 }), scalar }, { requiredKeys: [] }),
  },
  { requiredKeys: [] },
);

function deepFreeze<Value>(value: Value): Value {
  if (typeof value === "object" && value !== null) {
    Object.freeze(value);
    for (const item of Object.values(value)) deepFreeze(item);
  }
  return value;
}

describe("deepMerge", () => {
  it("never changes its inputs", () => {
    fc.assert(
      fc.property(tree, tree, (base, item) => {
        expect(() => deepMerge(deepFreeze(base), deepFreeze(item))).not.toThrow();
      }),
    );
  });

  it("prefers the item, and keeps the base for keys that the item lacks", () => {
    fc.assert(
      fc.property(mapping, mapping, (base, item) => {
        const merged = deepMerge(base, item) as Record<string, unknown>;
        expect(new Set(Object.keys(merged))).toEqual(new Set([...Object.keys(base), ...Object.keys(item)]));
        for (const name of Object.keys(merged)) {
          const inBase = Object.hasOwn(base, name);
          if (!Object.hasOwn(item, name)) expect(merged[name]).toBe(base[name]);
          else if (!inBase) expect(merged[name]).toBe(item[name]);
          else expect(merged[name]).toEqual(deepMerge(base[name], item[name]));
        }
      }),
    );
  });

  it("concatenates lists; a scalar wins over anything and loses to anything", () => {
    fc.assert(
      fc.property(fc.array(tree), fc.array(tree), scalar, tree, (one, two, value, other) => {
        expect(deepMerge(one, two)).toEqual([...one, ...two]);
        expect(deepMerge(other, value)).toBe(value);
        expect(deepMerge(value, other)).toBe(other);
      }),
    );
  });

  it("has the empty mapping as its neutral element among mappings", () => {
    fc.assert(
      fc.property(mapping, (value) => {
        expect(deepMerge({}, value)).toEqual(value);
        expect(deepMerge(value, {})).toEqual(value);
      }),
    );
  });

  it("is associative if a key has values of the same kind everywhere", () => {
    fc.assert(
      fc.property(typed, typed, typed, (a, b, c) => {
        expect(deepMerge(deepMerge(a, b), c)).toEqual(deepMerge(a, deepMerge(b, c)));
      }),
    );
  });

  it("reaches no prototype", () => {
    fc.assert(
      fc.property(tree, tree, (base, item) => {
        const before = Object.getOwnPropertyNames(Object.prototype).length;
        const merged = deepMerge(base, item);
        expect(Object.getOwnPropertyNames(Object.prototype)).toHaveLength(before);
        if (typeof merged === "object" && merged !== null && !Array.isArray(merged)) {
          expect(Object.getPrototypeOf(merged)).toBe(Object.prototype);
        }
      }),
    );
    const hostile = JSON.parse('{"__proto__": {"polluted": true}}');
    expect((deepMerge({}, hostile) as Record<string, unknown>).polluted).toBeUndefined();
  });
});

describe("applyDefaults", () => {
  it("merges default under every sibling and overwrite over it", () => {
    expect(
      applyDefaults({ default: { a: 1, b: 1, l: [1] }, overwrite: { b: 3, l: [3] }, x: { b: 2, l: [2] }, y: {} }),
    ).toEqual({ x: { a: 1, b: 3, l: [1, 2, 3] }, y: { a: 1, b: 3, l: [1, 3] } });
  });

  it("takes lists and scalars as default and overwrite", () => {
    expect(applyDefaults({ default: 5, a: 1, b: null })).toEqual({ a: 1, b: null });
    expect(applyDefaults({ default: [0], a: [1], b: 2 })).toEqual({ a: [0, 1], b: 2 });
    expect(applyDefaults({ overwrite: 5, a: 1, b: [1], c: { d: 1 } })).toEqual({ a: 5, b: 5, c: 5 });
  });

  it("resolves nested levels first, and the keywords' own values", () => {
    expect(
      applyDefaults({ default: { default: { n: 1 }, p: {} }, t: { default: { m: 1 }, q: {}, p: { n: 2 } } }),
    ).toEqual({ t: { p: { n: 2, m: 1 }, q: { m: 1 } } });
  });

  it("applies to mappings inside lists, and does not change lists without keywords", () => {
    expect(applyDefaults([{ default: { a: 1 }, x: {} }, 1])).toEqual([{ x: { a: 1 } }, 1]);
  });

  it("agrees with its definition for any siblings", () => {
    fc.assert(
      fc.property(typed, typed, fc.dictionary(fc.constantFrom("x", "y", "z"), typed), (base, over, siblings) => {
        const applied = applyDefaults({ default: base, overwrite: over, ...siblings }) as Record<string, unknown>;
        expect(Object.keys(applied).sort()).toEqual(Object.keys(siblings).sort());
        for (const [name, value] of Object.entries(siblings)) {
          expect(applied[name]).toEqual(deepMerge(deepMerge(base, value), over));
        }
      }),
    );
  });

  it("leaves no keyword and changes nothing without one", () => {
    fc.assert(
      fc.property(tree, (value) => {
        expect(applyDefaults(deepFreeze(value))).toEqual(value);
      }),
    );
  });
});
