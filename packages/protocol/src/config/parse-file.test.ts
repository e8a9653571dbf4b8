import { describe, expect, it, vi } from "vitest";
import { parseFile } from "./parse-file.js";

/** The value of a plain scalar. */
function scalar(text: string): unknown {
  return (parseFile("a.yaml", `value: ${text}\n`) as { value: unknown }).value;
}

/** PyYAML's reading of each. */
describe("plain scalars are v0.2's", () => {
  it.each([
    [true, "yes Yes YES on On ON true True TRUE"],
    [false, "no No NO off Off OFF false False FALSE"],
    [null, "~ null Null NULL"],
    [1000, "1_000 +1000 1_0_0_0 1000.0 1.0e+3 1_000. 0x3e8 0b1111101000 01750 16:40"],
    [-90, "-90 -1:30 -0x5A -0132 -1:30.0 -90."],
    [0, "0 00 0_ 0.0 0x0"],
    [0.5, ".5 0.5 0.5_0 5.0e-1"],
    [1342, "22:22"],
    [Number.POSITIVE_INFINITY, ".inf +.Inf .INF"],
    [Number.NaN, ".nan .NaN .NAN"],
  ])("%s", (value, texts) => {
    for (const text of texts.split(" ")) expect(scalar(text), text).toBe(value);
  });

  it.each([
    ["words that are not whole or not spelt so", "y Y n N yEs oN tRUE nULL none"],
    ["numbers without a point, or an exponent without a sign", "1e5 1e-5 1.0e5 1E+5 -.5 +.5 . ._5"],
    ["what is no number in any base", "08 0o17 0x 0b 0b_ 0b2 _1 1:60 0:30 8080:80 1.2.3"],
    ["dates", "2024-01-02 2024-01-02T10:00:00Z"],
  ])("texts: %s", (_name, texts) => {
    for (const text of texts.split(" ")) expect(scalar(text), text).toBe(text);
  });

  it("quoted and tagged values keep their type", () => {
    expect(["'yes'", '"1_000"', "!!str yes", "!!str 5", "!!int '5'", "!!float 5", "!!bool 'on'"].map(scalar)).toEqual([
      "yes",
      "1_000",
      "yes",
      "5",
      5,
      5,
      true,
    ]);
  });

  it("an integer that a number cannot represent is distinguished from one that it can", () => {
    expect(scalar("9007199254740991")).toBe(9007199254740991);
    expect(scalar("9007199254740993")).toBe(9007199254740993n);
    expect(scalar("-0xFFFFFFFFFFFFFFFF")).toBe(-18446744073709551615n);
    expect(parseFile("a.json", "[9007199254740991, 9007199254740993, 1e300, 0.1]")).toEqual([
      9007199254740991,
      9007199254740992n,
      1e300,
      0.1,
    ]);
  });
});

describe("mappings", () => {
  it("have texts as keys, whatever they were written as", () => {
    expect(parseFile("a.yaml", "1: a\nyes: b\n~: c\n1_0: d\n1.5: e\n2024-01-02: f\n")).toEqual({
      ...{ 1: "a", 10: "d", true: "b", null: "c", "1.5": "e", "2024-01-02": "f" },
    });
    expect(() => parseFile("a.yaml", "model: {{ name }}\n")).toThrow(/complex keys/);
  });

  it("merge by <<, their own keys first, then the earlier source; a quoted << is a key", () => {
    const text = "x: &x {a: 1, b: 1}\ny: &y {b: 2, c: 2}\nz: {c: 3, <<: [*x, *y], d: 3}\nq: {'<<': 1}\n";
    expect(parseFile("a.yaml", text)).toMatchObject({ z: { a: 1, b: 1, c: 3, d: 3 }, q: { "<<": 1 } });
  });

  it("let the last of two equal keys win, with a warning in YAML", () => {
    const warn = vi.fn();
    expect(parseFile("a.yaml", "a: 1\nm: {b: 1}\na: 2\nm: {c: 1}\n", warn)).toEqual({ a: 2, m: { c: 1 } });
    expect(warn.mock.calls).toEqual([["line 3, column 1", "duplicate key in a mapping: the last one is used"]]);
    expect(parseFile("a.json", '{"a": 1, "a": 2}', warn)).toEqual({ a: 2 });
  });

  it("another mistake after a duplicate key is still reported", () => {
    expect(() => parseFile("a.yaml", "a: 1\na: 2\nb: *none\n")).toThrow(/not valid YAML: unidentified alias/);
  });
});

it("rejects anything that is not data", () => {
  expect(() => parseFile("a.yaml", "a: !!python/name:os.system x\n")).toThrow(/unknown scalar tag/);
  expect(() => parseFile("a.yaml", "a: 1\n---\nb: 2\n")).toThrow(/not valid YAML/);
});
