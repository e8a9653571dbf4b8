import { describe, expect, it } from "vitest";
import { cutToVisible, pythonText, rowsText, type SqlValue } from "./python-text.js";

// Expected texts as printed by CPython.
const values: [SqlValue, string][] = [
  [null, "None"],
  [7n, "7"],
  [-123456789012345678901n, "-123456789012345678901"],
  [1, "1.0"],
  [-0, "-0.0"],
  [0.1, "0.1"],
  [0.0001, "0.0001"],
  [0.00001, "1e-05"],
  [0.00012345, "0.00012345"],
  [1.5e-7, "1.5e-07"],
  [123456789.25, "123456789.25"],
  [1e15, "1000000000000000.0"],
  [1e16, "1e+16"],
  [1.25e22, "1.25e+22"],
  [1e-300, "1e-300"],
  [Number.POSITIVE_INFINITY, "inf"],
  [Number.NEGATIVE_INFINITY, "-inf"],
  [Number.NaN, "nan"],
  ["a", "'a'"],
  ["", "''"],
  ["it's", `"it's"`],
  [`"a"`, `'"a"'`],
  [`it's "a"`, `'it\\'s "a"'`],
  ["a\\b\n\r\t", "'a\\\\b\\n\\r\\t'"],
  ["\0\x1b\x7f\x80\xa0\xad", "'\\x00\\x1b\\x7f\\x80\\xa0\\xad'"],
  ["é–😀", "'é–😀'"],
  ["\u200b\ufeff\u2028\u{e0001}", "'\\u200b\\ufeff\\u2028\\U000e0001'"],
  ["\ud800", "'\\ud800'"],
  [new Uint8Array([0x61, 0x27, 0x0a, 0x00, 0xff]), `b"a'\\n\\x00\\xff"`],
  [{ python: "Decimal('1.50')" }, "Decimal('1.50')"],
];

describe("Python's text of", () => {
  it.each(values)("%o is %s", (value, text) => {
    expect(pythonText(value)).toBe(text);
  });

  it("rows is a list of tuples", () => {
    expect(rowsText([])).toBe("[]");
    expect(rowsText([[1n]])).toBe("[(1,)]");
    expect(
      rowsText([
        ["a", 1n],
        ["b", null],
      ]),
    ).toBe("[('a', 1), ('b', None)]");
  });
});

describe("the visible part", () => {
  it("is 800 characters, counted as Python counts them", () => {
    expect(cutToVisible("x".repeat(800))).toBe("x".repeat(800));
    expect(cutToVisible("x".repeat(801))).toBe(`${"x".repeat(800)}[TRUNCATED]`);
    expect(cutToVisible("😀".repeat(800))).toBe("😀".repeat(800));
    expect(cutToVisible("😀".repeat(801))).toBe(`${"😀".repeat(800)}[TRUNCATED]`);
  });

  it("of many or huge cells is made without printing all of them", () => {
    const huge = "x".repeat(50_000_000);
    const text = rowsText(Array.from({ length: 200 }, () => [huge, new Uint8Array(50_000_000)]));
    expect(text.length).toBeLessThan(100_000);
    expect(cutToVisible(text)).toBe(`[('${"x".repeat(797)}[TRUNCATED]`);
  });
});
