import { describe, expect, it } from "vitest";
import { readAnswer, sameAnswer } from "./answer.js";
import type { Cell } from "./data-set.js";

const right: [string, Cell[]][] = [
  [`["Paris"]`, ["Paris"]],
  ["Paris", ["Paris"]],
  ["[26]", ["26"]],
  ["26", ["26.0"]],
  [`["1_000"]`, ["1000"]],
  [`[" 2.50 "]`, ["2.5"]],
  ["['b', 'a', 'a']", ["a", "b"]],
  ["[1, 2]", [2, 1]],
  ["[1.0, True]", [1]],
  ["[]", []],
  [`["it's"]`, ["it's"]],
];

const wrong: [string, Cell[]][] = [
  [`["paris"]`, ["Paris"]],
  [" Paris", ["Paris"]],
  [`["26 km"]`, ["26"]],
  ["[1, 2]", ["1", "2"]],
  ["['a']", ["a", "b"]],
  ["['a', 'b']", ["a"]],
  ["[['a'], 'b']", ["a", "b"]],
  ["[]", ["a"]],
  ["", ["a"]],
  ["[None]", ["none"]],
  [`["nan"]`, ["nan"]],
  ["('a', 'b')", ["a", "b"]],
];

describe("an answer", () => {
  it.each(right)("%s is right where %j is expected", (text, expected) => {
    expect(sameAnswer(readAnswer(text), expected)).toBe(true);
  });

  it.each(wrong)("%s is wrong where %j is expected", (text, expected) => {
    expect(sameAnswer(readAnswer(text), expected)).toBe(false);
  });
});
