import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join, relative, sep } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { cellFolder, safeSegment } from "./cell-folder.js";

describe("a name as a path segment", () => {
  test.each(["gpt-3.5-turbo-0613", "dbbench-std", "my model (v2)", "模型", "llama@local", ".hidden", "a..b"])(
    "is unchanged if it is safe: %s",
    (name) => {
      expect(safeSegment(name)).toBe(name);
    },
  );

  test.each([
    ["", "%"],
    [".", "%2E"],
    ["..", "%2E%2E"],
    ["a/b", "a%2Fb"],
    ["../../etc", "..%2F..%2Fetc"],
    ["C:\\x", "C%3A%5Cx"],
    ["100%", "100%25"],
    ["nul", "%6Eul"],
    ["CON.txt", "%43ON.txt"],
    ["config.yaml", "%63onfig.yaml"],
    [".lock", "%2Elock"],
    ["end.", "end%2E"],
    ["a\0b", "a%00b"],
    ["\ud800", "%uD800"],
  ])("%j becomes %s", (name, segment) => {
    expect(safeSegment(name)).toBe(segment);
  });

  const name = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.stringMatching(/^[.%/\\ 2Ea]{0,6}$/),
    fc.string({ minLength: 150, maxLength: 400, unit: "grapheme" }),
  );

  test("is one segment, of a length that file systems allow", () => {
    fc.assert(
      fc.property(name, (each) => {
        const segment = safeSegment(each);
        expect(basename(join("/x", segment))).toBe(segment);
        expect(segment).not.toMatch(/^\.*$|[/\\\0]/);
        expect(Buffer.byteLength(segment)).toBeLessThanOrEqual(255);
        expect(relative("/x", cellFolder("/x", { agent: each, task: each, epoch: 2 })).split(sep)).toHaveLength(3);
      }),
      { numRuns: 1_000 },
    );
  });

  test("differs for different names", () => {
    fc.assert(
      fc.property(name, name, (one, other) => {
        expect(safeSegment(one) === safeSegment(other)).toBe(one === other);
      }),
      { numRuns: 2_000 },
    );
  });

  test("can be created as a folder", async () => {
    const root = await mkdtemp(join(tmpdir(), "segment-"));
    await fc.assert(
      fc.asyncProperty(name, (each) => mkdir(join(root, safeSegment(each)), { recursive: true }).then(() => {})),
    );
    await rm(root, { recursive: true });
  });
});
