import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { expect, it } from "vitest";
import { engineLimits } from "../engine-limits.js";
import type { EngineOrigin } from "../engine-messages.js";
import { Engine, type QueryLimits } from "./engine.js";
import { EngineError } from "./statement.js";

const file = createRequire(import.meta.url).resolve("@sqlite.org/sqlite-wasm/sqlite3.wasm");
const module = await WebAssembly.compile(await readFile(file));
const limits = engineLimits(32);
const origin: EngineOrigin = { kind: "table", name: "t", columns: ["a"], rows: [["x"], [null], ["É"]] };
const query: QueryLimits = { most: 10, timeoutMs: 30_000, cut: (bytes) => bytes, onFull: "end" };

function opened(from: EngineOrigin): Engine {
  const engine = new Engine(module, limits);
  engine.open(from);
  return engine;
}

it("gives each type its value", () => {
  const engine = opened(origin);
  const sql = "SELECT 9223372036854775807, -9007199254740993, 1.0, -0.0, 9e999, 'é😀', '', x'00ff', x'', NULL";
  expect(engine.run(sql, query)).toEqual([
    [
      9223372036854775807n,
      -9007199254740993n,
      1,
      -0,
      Number.POSITIVE_INFINITY,
      "é😀",
      "",
      new Uint8Array([0, 255]),
      new Uint8Array(),
      null,
    ],
  ]);
  expect(engine.run("SELECT a FROM t WHERE a = 'X' OR a IS NULL", query)).toEqual([["x"], [null]]);
});

it("continues from an image, as a fresh engine", () => {
  const engine = opened(origin);
  engine.run("UPDATE t SET a = 'changed' WHERE a = 'x'", query);
  expect(engine.wrote).toBe(true);
  engine.run("SELECT 1", query);
  expect(engine.wrote).toBe(false);

  const copy = opened({ kind: "image", bytes: engine.image() });
  copy.run("INSERT INTO t VALUES ('more')", query);
  expect(copy.run("SELECT COUNT(*), MIN(a) FROM t WHERE a IN ('CHANGED', 'more')", query)).toEqual([[2n, "changed"]]);
  expect(engine.run("SELECT COUNT(*) FROM t", query)).toEqual([[3n]]);
});

it("keeps its bounds when it continues from an image", () => {
  const engine = opened(origin);
  const copy = opened({ kind: "image", bytes: engine.image() });
  const fill =
    "INSERT INTO t WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT hex(randomblob(9999)) FROM n";
  expect(() => copy.run(fill, query)).toThrow(/out of memory|database or disk is full/);
  expect(() => copy.run("SELECT zeroblob(2000000)", query)).toThrow("string or blob too big");
  expect(() => copy.run("ATTACH ':memory:' AS x", query)).toThrow("ATTACH is not allowed here");
});

it("stops a statement at its deadline and continues", () => {
  const engine = opened(origin);
  const endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT COUNT(*) FROM n";
  expect(() => engine.run(endless, { ...query, timeoutMs: 50 })).toThrow(new EngineError("interrupted", 9));
  expect(engine.run("SELECT COUNT(*) FROM t", query)).toEqual([[3n]]);
});

it("bounds a reply: a statement's is cut, a query of ours fails", () => {
  const engine = opened(origin);
  const large = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT hex(zeroblob(500000)) FROM n";
  const most = 1_000;
  expect(engine.run(large, { ...query, most }).length).toBeLessThan(20);
  expect(() => engine.run(large, { ...query, most, onFull: "fail" })).toThrow("The result is too large");
  const wide = `SELECT ${Array(18).fill("x").join(", ")} FROM (SELECT hex(zeroblob(500000)) AS x)`;
  expect(() => engine.run(wide, query)).toThrow("The result is too large");
});

it("matches patterns case-sensitively, uses UTC, and has its own random numbers", () => {
  const engine = opened(origin);
  const sql = "SELECT 'a1' REGEXP '^[a-z]\\d$', 'A' REGEXP 'a', NULL REGEXP 'a', datetime(0, 'unixepoch', 'localtime')";
  expect(engine.run(sql, query)).toEqual([[1n, 0n, null, "1970-01-01 00:00:00"]]);
  expect(() => engine.run("SELECT 'a' REGEXP '('", query)).toThrow("Invalid regular expression");
  const another = opened(origin);
  const random = "SELECT hex(randomblob(16))";
  expect(engine.run(random, query)).not.toEqual(another.run(random, query));
});

it("serves one database after the other, and nothing of the former is left", () => {
  const engine = opened(origin);
  engine.run("CREATE TEMP TABLE kept AS SELECT 1 AS x", query);
  engine.run("CREATE TABLE also AS SELECT 1 AS x", query);
  engine.run("UPDATE t SET a = 'changed'", query);
  for (let round = 0; round < 300; round += 1) {
    engine.close();
    engine.open({ ...origin, rows: [[String(round)]] });
  }
  expect(engine.run("SELECT a FROM t", query)).toEqual([["299"]]);
  expect(() => engine.run("SELECT * FROM kept", query)).toThrow("no such table");
  expect(() => engine.run("SELECT * FROM also", query)).toThrow("no such table");
  expect(() => engine.run("ATTACH ':memory:' AS x", query)).toThrow("ATTACH is not allowed here");
  expect(() => engine.run("SELECT zeroblob(2000000)", query)).toThrow("string or blob too big");
  expect(engine.clean).toBe(true);
});

it("rejects a table with a row of the wrong length", () => {
  const rows = [["x"], ["y", "z"]];
  expect(() => opened({ ...origin, rows })).toThrow("A row has 2 values for 1 columns");
});
