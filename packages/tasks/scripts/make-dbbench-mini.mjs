// Writes the bundled data set (data/dbbench-mini.jsonl) from its tables and questions to standard output:
//   node scripts/make-dbbench-mini.mjs > data/dbbench-mini.jsonl
// The expected hash of a question that writes comes from running its reference in SQLite, with a hash written here
// once more: the tests compare it with the task's own.
import { createHash } from "node:crypto";
import Database from "libsql";
import { questions } from "./mini-questions.mjs";
import { tables } from "./mini-tables.mjs";

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
  const database = new Database(":memory:");
  const columns = table.headers.map((name) => `"${name}"`);
  database.exec(`CREATE TABLE "${table.name}" (${columns.map((column) => `${column} TEXT`).join(", ")})`);
  const insert = database.prepare(`INSERT INTO "${table.name}" VALUES (${columns.map(() => "?").join(", ")})`);
  for (const row of table.rows) insert.run(row);
  const { changes } = database.prepare(statement.replaceAll("\\'", "''")).run();
  if (changes === 0) throw new Error(`This reference changes nothing: ${statement}`);
  const rows = database.prepare(`SELECT * FROM "${table.name}"`).raw().all();
  database.close();
  const rowHashes = rows.map((row) => md5(row.filter((cell) => cell !== null).join(",")).slice(0, 5));
  return md5(rowHashes.sort().join(","));
}

function md5(text) {
  return createHash("md5").update(text).digest("hex");
}
