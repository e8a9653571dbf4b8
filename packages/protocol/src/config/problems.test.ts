import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { expected, positiveIntegerSchema } from "./describe-issue.js";
import { ConfigProblems, displayPath, parseWith } from "./problems.js";

function problemOf(schema: z.ZodType, value: unknown, path: (string | number)[] = ["x"]): string {
  const problems = new ConfigProblems("f.yaml");
  problems.parse(schema, value, { path });
  try {
    problems.throwIfAny();
  } catch (error) {
    return (error as Error).message;
  }
  return "none";
}

describe("ConfigProblems", () => {
  it("throws nothing without a problem and one line for one", () => {
    const problems = new ConfigProblems("f.yaml");
    problems.throwIfAny();
    problems.add(["a", 0, "b c"], "is wrong");
    problems.add(["a", 0, "b c"], "is wrong");
    expect(problems.size).toBe(1);
    expect(() => problems.throwIfAny()).toThrow(/^f\.yaml: a\[0\]\["b c"\]: is wrong$/);
  });

  it("lists several, and takes another file's", () => {
    const problems = new ConfigProblems();
    problems.add("start", "one");
    problems.add([], "two", "g.yaml");
    expect(() => problems.throwIfAny()).toThrow("2 problems in the configuration:\n  start: one\n  g.yaml: two");
  });
});

describe("parseWith", () => {
  const startSchema = z.record(z.string(), positiveIntegerSchema);

  it("returns the value parsed by the schema", () => {
    expect(parseWith(z.object({ n: z.number().default(3) }), {})).toEqual({ n: 3 });
  });

  it("reports the expected and the received value", () => {
    expect(() =>
      parseWith(startSchema, { dbbench: "x" }, { file: "configs/start_task.yaml", path: ["start"] }),
    ).toThrow(/^configs\/start_task\.yaml: start\.dbbench: expected a positive integer, received "x"$/);
  });

  it.each([
    [positiveIntegerSchema, 0, "expected a positive integer, received 0"],
    [positiveIntegerSchema, 1.5, "expected a positive integer, received 1.5"],
    [positiveIntegerSchema, undefined, "is missing: expected a positive integer"],
    [z.string(), [1], "expected a text, received a list"],
    [z.array(z.string()), { a: 1 }, "expected a list, received a mapping"],
    [z.enum(["a", "b"]), "c", 'expected "a" or "b", received "c"'],
    [z.string().min(1), "", 'expected a string with a length of at least 1, received ""'],
    [z.number().max(5), 6, "expected a number of at most 5, received 6"],
    [z.strictObject({ a: z.number().optional() }), { b: 1 }, 'unknown key "b"'],
    [z.union([z.string(), z.array(z.string())]), 5, "expected a text or a list, received 5"],
    [
      z.string().max(3),
      "y".repeat(100),
      `expected a string with a length of at most 3, received "${"y".repeat(56)}...`,
    ],
    [z.string(expected("a path")), null, "expected a path, received null"],
    [z.string().refine((text) => text === "q", "must be q"), "p", "must be q"],
  ])("words %#", (schema, value, message) => {
    expect(problemOf(schema, value)).toBe(`f.yaml: x: ${message}`);
  });

  it("goes into the branch of a union that fits best", () => {
    const schema = z.union([z.string(), z.object({ image: z.string() })]);
    expect(problemOf(schema, { image: 5 })).toBe("f.yaml: x: image: expected a text, received 5");
  });

  it("never shows a secret", () => {
    const message = problemOf(z.object({ api_key: z.string().max(3) }), { api_key: "sk-12345" });
    expect(message).toMatch(/received a value that is not shown$/);
  });
});

it("shows files inside the working directory relative to it", () => {
  expect(displayPath(join("/w", "a", "b.yaml"), "/w")).toBe(join("a", "b.yaml"));
  expect(displayPath("/other/b.yaml", "/w")).toBe("/other/b.yaml");
});
