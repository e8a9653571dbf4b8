import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { rows } from "./rows.js";

const readme = join(import.meta.dirname, "..", "..", "..", "packages", "protocol", "README.md");
const heading = "\n## Contract rows covered by tests\n";

test("the README of @eval/protocol lists every row, and says how many there are", () => {
  const text = readFileSync(readme, "utf8").split(heading)[1]?.split("\n## ")[0] ?? "";
  const listed = [...text.matchAll(/^\| ([A-Z]-\d\d) +\| (.*?) +\|$/gm)].map(([, id, what]) => [id, what]);
  expect(listed).toEqual(Object.entries(rows));
  expect(text).toContain(`${Object.keys(rows).length} rows`);
});

test("every row has a test that carries its title, and every title is a row's", () => {
  const files = readdirSync(import.meta.dirname).filter((file) => file.endsWith(".test.ts"));
  const sources = files.map((file) => readFileSync(join(import.meta.dirname, file), "utf8"));
  const titled = sources.flatMap((source) => [...source.matchAll(/\brow\(\s*"([A-Z]-\d\d)"/g)].map(([, id]) => id));
  expect([...new Set(titled)].sort()).toEqual(Object.keys(rows).sort());
});

test("the peer shares no code with the packages", () => {
  const files = readdirSync(import.meta.dirname);
  const imports = files.flatMap((file) => {
    const source = readFileSync(join(import.meta.dirname, file), "utf8");
    return [...source.matchAll(/\b(?:from|import\(?|require\() *"([^"]+)"/g)].map(([, specifier = ""]) => specifier);
  });
  expect(imports.length).toBeGreaterThan(files.length);
  const foreign = imports.filter((name) => !/^(\.\/|node:|vitest$|vitest\/)/.test(name));
  expect(foreign).toEqual([]);
});
