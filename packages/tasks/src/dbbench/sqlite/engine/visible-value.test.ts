import fc from "fast-check";
import { expect, it } from "vitest";
import { pythonText } from "../../python/python-text.js";
import { visiblePart } from "./visible-value.js";

const quotes = fc.constantFrom("", "'", '"', `'"`, `"'`);
const body = fc.constantFrom("a", "é", "漢", "😀", "\\", "\n");
const long = fc.tuple(quotes, body, fc.integer({ min: 3_000, max: 15_000 }), quotes);

it("prints as the whole text would, as far as a text is printed", () => {
  fc.assert(
    fc.property(long, ([start, unit, count, end]) => {
      const text = `${start}${unit.repeat(count)}${end}`;
      const part = Buffer.from(visiblePart(Buffer.from(text))).toString("utf8");
      expect(pythonText(part)).toBe(pythonText(text));
      expect(part.length).toBeLessThan(12_810);
    }),
    { numRuns: 50 },
  );
});

it("prints as the whole blob would, as far as a blob is printed", () => {
  fc.assert(
    fc.property(long, ([start, unit, count, end]) => {
      const blob = Buffer.from(`${start}${unit.repeat(count)}${end}`);
      expect(pythonText(visiblePart(blob))).toBe(pythonText(blob));
    }),
    { numRuns: 50 },
  );
});
