import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { findCycle, forbiddenImports, importGraph, readLayers, unlistedFolders } from "./harness/layers.js";
import { packagesFolder } from "./harness/repository.js";

const packages = readdirSync(packagesFolder, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

describe.each(packages)("packages/%s", (name) => {
  const sources = join(packagesFolder, name, "src");
  const graph = importGraph(sources);
  const layers = readLayers(sources);

  test("contains only imports between folders that its layers allow", () => {
    expect(graph.size).toBeGreaterThan(10);
    expect(unlistedFolders(graph, layers)).toEqual([]);
    expect(forbiddenImports(graph, layers)).toEqual([]);
  });

  test("has no import cycles", () => {
    expect(findCycle(graph)).toBeUndefined();
  });
});

describe("the check itself", () => {
  const layers = { low: [], high: ["low", "."] };
  const graph = (files: Record<string, string[]>) => new Map(Object.entries(files));

  test("allows a folder to import itself and the folders of its layer, and top-level files to import anything", () => {
    const allowed = graph({
      "high/a.ts": ["high/b.ts", "low/c.ts", "types.ts"],
      "high/b.ts": [],
      "low/c.ts": [],
      "index.ts": ["high/a.ts", "low/c.ts"],
      "types.ts": [],
    });
    expect(forbiddenImports(allowed, layers)).toEqual([]);
    expect(findCycle(allowed)).toBeUndefined();
  });

  test("finds an import of a higher layer, and of a top-level file that the layer does not name", () => {
    const wrong = graph({ "low/c.ts": ["high/a.ts", "types.ts"], "high/a.ts": [], "types.ts": [] });
    expect(forbiddenImports(wrong, layers)).toEqual(["low/c.ts -> high/a.ts", "low/c.ts -> types.ts"]);
  });

  test("finds a folder that has no layer", () => {
    expect(unlistedFolders(graph({ "new/a.ts": [], "index.ts": [] }), layers)).toEqual(["new"]);
  });

  test("finds a cycle, through other files and within one folder", () => {
    const cycle = graph({ "a.ts": ["b.ts"], "b.ts": ["high/c.ts"], "high/c.ts": ["high/d.ts"], "high/d.ts": ["b.ts"] });
    expect(findCycle(cycle)).toEqual(["b.ts", "high/c.ts", "high/d.ts", "b.ts"]);
  });
});
