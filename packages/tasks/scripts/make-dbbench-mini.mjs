// Writes the bundled data set (data/dbbench-mini.jsonl) from its tables and questions to standard output:
//   node scripts/make-dbbench-mini.mjs > data/dbbench-mini.jsonl
// The expected hash of a question that writes comes from running its reference in SQLite, with a hash written here
// once more: the tests compare it with the task's own. Build the package first: the engine is its own.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { Engine } from "../dist/dbbench/sqlite/engine/engine.js";
import { engineLimits } from "../dist/dbbench/sqlite/engine-limits.js";
import { questions } from "./mini-questions.mjs";
import { tables } from "./mini-tables.mjs";

const engine = createRequire(import.meta.url).resolve("@sqlite.org/sqlite-wasm/sqlite3.wasm");
const module = new WebAssembly.Module(readFileSync(engine));
const everything = { most: 1_000, timeoutMs: 60_000, cut: (bytes) => bytes, onFull: "fail" };
const writes = new Set(["INSERT", "UPDATE", "DELETE"]);

for (const [key, table] of Object.entries(tables)) {
  for (const [kind, description, statement, answers] of questions[key]) {
    process.stdout.write(`${JSON.stringify(line(table, { kind, description, statement, answers }))}\n`);
  }
}

function line(table, { kind, description, statement, answers }) {
  return {
    description,
    add_description: `The table is called "${table.name}" and has the headers ${table.headers.join(", ")}.`,
    type: [kind],
    table: {
      table_name: table.name,
      table_info: { columns: table.headers.map((name) => ({ name, type: "TEXT" })), rows: table.rows },
    },
    ...(writes.has(kind)
      ? { label: [statement], answer_md5: `[('${hashAfter(table, statement)}',)]` }
      : { label: answers, sql: { query: statement } }),
  };
}

function hashAfter(table, statement) {
  const origin = { kind: "table", name: table.name, columns: table.headers, rows: table.rows };
  const database = new Engine(module, engineLimits(64));
  database.open(origin);
  database.run(statement.replaceAll("\\'", "''"), everything);
  const [[changes]] = database.run("SELECT changes()", everything);
  if (changes === 0n) throw new Error(`This reference changes nothing: ${statement}`);
  const rows = database.run(`SELECT * FROM "${table.name}"`, everything);
  database.close();
  const rowHashes = rows.map((row) => md5(row.filter((cell) => cell !== null).join(",")).slice(0, 5));
  return md5(rowHashes.sort().join(","));
}

function md5(text) {
  return createHash("md5").update(text).digest("hex");
}
