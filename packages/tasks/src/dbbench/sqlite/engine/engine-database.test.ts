import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { expect, it } from "vitest";
import { engineLimits } from "../engine-limits.js";
import type { EngineOrigin } from "../engine-messages.js";
import { EngineDatabase, type QueryLimits } from "./engine-database.js";
import { EngineError } from "./statement.js";

const file = createRequire(import.meta.url).resolve("@sqlite.org/sqlite-wasm/sqlite3.wasm");
const module = await WebAssembly.compile(await readFile(file));
const limits = engineLimits(32);
const origin: EngineOrigin = { kind: "table", name: "t", columns: ["a"], rows: [["x"], [null], ["É"]] };
const query: QueryLimits = { most: 10, timeoutMs: 30_000, cut: (bytes) => bytes, onFull: "end" };

it("gives each type its value", () => {
  const database = new EngineDatabase(module, origin, limits);
  const sql = "SELECT 9223372036854775807, -9007199254740993, 1.0, -0.0, 9e999, 'é😀', '', x'00ff', x'', NULL";
  expect(database.run(sql, query)).toEqual([
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
  expect(database.run("SELECT a FROM t WHERE a = 'X' OR a IS NULL", query)).toEqual([["x"], [null]]);
});

it("continues from an image, as a fresh engine", () => {
  const database = new EngineDatabase(module, origin, limits);
  database.run("UPDATE t SET a = 'changed' WHERE a = 'x'", query);
  expect(database.wrote).toBe(true);
  database.run("SELECT 1", query);
  expect(database.wrote).toBe(false);

  const copy = new EngineDatabase(module, { kind: "image", bytes: database.image() }, limits);
  copy.run("INSERT INTO t VALUES ('more')", query);
  expect(copy.run("SELECT COUNT(*), MIN(a) FROM t WHERE a IN ('CHANGED', 'more')", query)).toEqual([[2n, "changed"]]);
  expect(database.run("SELECT COUNT(*) FROM t", query)).toEqual([[3n]]);
});

it("keeps its bounds when it continues from an image", () => {
  const database = new EngineDatabase(module, origin, limits);
  const copy = new EngineDatabase(module, { kind: "image", bytes: database.image() }, limits);
  const fill =
    "INSERT INTO t WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT hex(randomblob(9999)) FROM n";
  expect(() => copy.run(fill, query)).toThrow(/out of memory|database or disk is full/);
  expect(() => copy.run("SELECT zeroblob(2000000)", query)).toThrow("string or blob too big");
  expect(() => copy.run("ATTACH ':memory:' AS x", query)).toThrow("ATTACH is not allowed here");
});

it("ends a statement at its deadline and goes on", () => {
  const database = new EngineDatabase(module, origin, limits);
  const endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT COUNT(*) FROM n";
  expect(() => database.run(endless, { ...query, timeoutMs: 50 })).toThrow(new EngineError("interrupted", 9));
  expect(database.run("SELECT COUNT(*) FROM t", query)).toEqual([[3n]]);
});

it("bounds a reply: a statement's is cut, a query of ours fails", () => {
  const database = new EngineDatabase(module, origin, limits);
  const large = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT hex(zeroblob(500000)) FROM n";
  const most = 1_000;
  expect(database.run(large, { ...query, most }).length).toBeLessThan(20);
  expect(() => database.run(large, { ...query, most, onFull: "fail" })).toThrow("The result is too large");
  const wide = `SELECT ${Array(18).fill("x").join(", ")} FROM (SELECT hex(zeroblob(500000)) AS x)`;
  expect(() => database.run(wide, query)).toThrow("The result is too large");
});

it("finds patterns with regard to case, in UTC, with random numbers of its own", () => {
  const database = new EngineDatabase(module, origin, limits);
  const sql = "SELECT 'a1' REGEXP '^[a-z]\\d$', 'A' REGEXP 'a', NULL REGEXP 'a', datetime(0, 'unixepoch', 'localtime')";
  expect(database.run(sql, query)).toEqual([[1n, 0n, null, "1970-01-01 00:00:00"]]);
  expect(() => database.run("SELECT 'a' REGEXP '('", query)).toThrow("Invalid regular expression");
  const another = new EngineDatabase(module, origin, limits);
  const random = "SELECT hex(randomblob(16))";
  expect(database.run(random, query)).not.toEqual(another.run(random, query));
});

it("refuses a table with a row that does not fit", () => {
  const rows = [["x"], ["y", "z"]];
  expect(() => new EngineDatabase(module, { ...origin, rows }, limits)).toThrow("A row has 2 values for 1 columns");
});
