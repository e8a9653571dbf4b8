import { describe, expect, it } from "vitest";
import { parseFile } from "./parse-file.js";
import { stringifyConfig } from "./stringify.js";

describe("stringifyConfig", () => {
  const shared = { n: 1 };
  const value = {
    a: shared,
    b: shared,
    date: "2024-01-02",
    yes: "yes",
    looksLikeNumbers: ["1_000", "0777", "22:22", "1e5", "0x1F", ".5", "~", "<<", "="],
    numbers: [1e21, 1e-7, -0.5, 511],
    long: "x ".repeat(100),
    lines: "a\nb\n",
    e: {},
  };

  it.each(["yaml", "json"] as const)("writes %s that reads back the same", (format) => {
    expect(parseFile(`a.${format}`, stringifyConfig(value, format))).toEqual(value);
  });

  it("writes no aliases, and quotes strings that an older parser would misinterpret", () => {
    const text = stringifyConfig(value, "yaml");
    expect(text).not.toMatch(/[&*]/);
    expect(text).toContain("'yes'");
    expect(text).toContain("'2024-01-02'");
  });
});
