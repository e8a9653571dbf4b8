import { array, assert, bigInt, oneof, property, string } from "fast-check";
import { describe, expect, it } from "vitest";
import { readPythonLiteral } from "./python-literal.js";
import { listText } from "./python-text.js";

const readable: [string, unknown][] = [
  [`["a", 'b']`, ["a", "b"]],
  ["[]", []],
  [" [ 1 , -2.5, 1e3, .5, 1_000, 0x1F, +3 ,] ", [1, -2.5, 1000, 0.5, 1000, 31, 3]],
  ["[None, True, False]", [null, true, false]],
  ["[(1,), (2, 'x'), (), (3)]", [{ tuple: [1] }, { tuple: [2, "x"] }, { tuple: [] }, 3]],
  ["[[1], [[]]]", [[1], [[]]]],
  [String.raw`["it\'s", 'a\nb\\', "\x41\u00e9\U0001F600\101\q"]`, ["it's", "a\nb\\", "Aé😀A\\q"]],
  [String.raw`[r"a\n", u'b']`, ["a\\n", "b"]],
  [`['a' "b"]`, ["ab"]],
  [`["""a"b"""]`, ['a"b']],
  ["7", 7],
  ["'text'", "text"],
];

const unreadable = ["", "Paris", "[", "[1", "[1 2]", "[,]", "['a]", "[1]]", "[x]", "['\\x4']", "[".repeat(5000), "{1}"];

describe("a Python literal", () => {
  it.each(readable)("%s is read", (text, value) => {
    expect(readPythonLiteral(text)).toEqual(value);
  });

  it.each(unreadable)("%s is none", (text) => {
    expect(readPythonLiteral(text)).toBeUndefined();
  });

  it("is read back from Python's text of it", () => {
    const item = oneof(string({ unit: "binary" }), bigInt({ min: -(2n ** 53n), max: 2n ** 53n }));
    assert(
      property(array(item), (items) => {
        const numbers = items.map((value) => (typeof value === "bigint" ? Number(value) : value));
        expect(readPythonLiteral(listText(items))).toEqual(numbers.map((value) => (value === 0 ? 0 : value)));
      }),
    );
  });
});
