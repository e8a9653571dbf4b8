import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadConfig } from "./load.js";
import type { Mapping } from "./mapping.js";

interface MergeCase {
  name: string;
  /** Path -> content; `main.yaml` is what is loaded. */
  files: Record<string, unknown>;
  value: Mapping;
}

/** One case a line. The values are what v0.2 makes of the files, each loaded for the first time. */
const cases = readFileSync(join(import.meta.dirname, "testing/merge-cases.jsonl"), "utf8")
  .trimEnd()
  .split("\n")
  .map((line) => JSON.parse(line) as MergeCase);

let root: string;
let folders = 0;

beforeAll(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), "merge-cases-")));
});

afterAll(() => rmSync(root, { recursive: true, force: true }));

async function load(files: Record<string, unknown>): Promise<Mapping> {
  folders += 1;
  const cwd = join(root, String(folders));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(cwd, name)), { recursive: true });
    writeFileSync(join(cwd, name), JSON.stringify(content));
  }
  return (await loadConfig("main.yaml", { cwd })).value;
}

describe("v0.2's results", () => {
  it("are many", () => expect(cases.length).toBeGreaterThanOrEqual(60));

  it.each(cases)("$name", async ({ files, value }) => {
    // As a text, so that the order of the keys counts: it is the order in which things are run.
    expect(JSON.stringify(await load(files))).toBe(JSON.stringify(value));
  });
});

const word = fc.constantFrom("x", "y", "z", "toString", "default", "overwrite");
const scalar = fc.constantFrom(0, 1, "s", null, true);

/** A file's content: any tree with the keywords in it. */
const { content } = fc.letrec((tie) => ({
  content: fc.dictionary(word, tie("value"), { maxKeys: 4 }),
  value: fc.oneof({ maxDepth: 3 }, scalar, fc.array(tie("value"), { maxLength: 2 }), tie("content")),
}));

describe("whatever the files hold", () => {
  it("a result holds no keyword, and loads as itself", async () => {
    await fc.assert(
      fc.asyncProperty(content, content, async (main, imported) => {
        const value = await load({ "main.yaml": { ...(main as Mapping), import: "a.json" }, "a.json": imported });
        expect(JSON.stringify(value)).not.toMatch(/"(import|default|overwrite)":/);
        expect(await load({ "main.yaml": value })).toEqual(value);
      }),
      { numRuns: 50 },
    );
  });

  it("a file has the same content at every import and when it is loaded directly", async () => {
    await fc.assert(
      fc.asyncProperty(content, async (imported) => {
        const alone = await load({ "main.yaml": imported });
        const main = {
          one: { import: "a.yaml" },
          list: [{ import: ["a.yaml"] }],
          two: { three: { import: "a.yaml" } },
        };
        const value = await load({ "main.yaml": main, "a.yaml": imported });
        expect(value).toEqual({ one: alone, list: [alone], two: { three: alone } });
      }),
      { numRuns: 50 },
    );
  });

  it("no prototype is reached", async () => {
    const before = Object.getOwnPropertyNames(Object.prototype);
    await fc.assert(
      fc.asyncProperty(content, fc.constantFrom("__proto__", "constructor", "prototype"), async (main, name) => {
        const hostile = JSON.parse(`{"default": {"${name}": {"polluted": 1}}, "x": {}}`) as Mapping;
        await expect(load({ "main.yaml": { p: main, import: "a.json" }, "a.json": hostile })).rejects.toMatchObject({
          code: "CONFIG_INVALID",
        });
        expect(({} as Mapping).polluted).toBeUndefined();
      }),
      { numRuns: 20 },
    );
    expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(before);
  });
});
