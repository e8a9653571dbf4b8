import type { SampleTable } from "../data-set.js";
import type { DatabaseServer } from "../database.js";
import { distinct, sqliteName } from "../identifiers.js";
import { OpenDatabases } from "../open-databases.js";
import { storedText } from "../stored-text.js";
import { SqliteConnection } from "./sqlite-connection.js";
import { SqliteDatabase } from "./sqlite-database.js";
import { type LibsqlConstructor, loadLibsql } from "./sqlite-driver.js";

export interface SqliteOptions {
  concurrency: number;
  timeoutMs: number;
}

/** A database may grow to so many pages of 4 KiB (64 MiB): a statement that fills it fails, not the process. */
const mostPages = 16_384;

/** Parameters of one INSERT; SQLite takes 32,766. */
const mostParameters = 10_000;

/** Embedded databases in memory, one for each sample. */
export async function openSqliteServer(options: SqliteOptions): Promise<DatabaseServer> {
  const Database = await loadLibsql(options.concurrency);
  const open = new OpenDatabases<SqliteDatabase>();
  return {
    dialect: "sqlite",
    create: (table) =>
      open.add(async () => {
        const connection = await createTable(Database, table);
        return new SqliteDatabase(connection, table, options.timeoutMs, (database) => open.remove(database));
      }),
    release: () => open.dropAll(),
  };
}

/** The columns compare texts without regard to case, as MySQL's do by default. */
async function createTable(Database: LibsqlConstructor, table: SampleTable): Promise<SqliteConnection> {
  const connection = new SqliteConnection(new Database(":memory:", {}));
  try {
    await connection.run(`PRAGMA max_page_count = ${mostPages}`);
    await connection.run(`PRAGMA temp.max_page_count = ${mostPages}`);
    const columns = distinct(table.table_info.columns.map((column) => column.name)).map(sqliteName);
    const declarations = columns.map((column) => `${column} TEXT COLLATE NOCASE`).join(", ");
    await connection.run(`CREATE TABLE ${sqliteName(table.table_name)} (${declarations})`);
    await insertRows(connection, table);
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  }
}

async function insertRows(connection: SqliteConnection, table: SampleTable): Promise<void> {
  const { columns, rows } = table.table_info;
  const chunk = Math.max(1, Math.floor(mostParameters / columns.length));
  for (let start = 0; start < rows.length; start += chunk) {
    const part = rows.slice(start, start + chunk);
    const places = part.map((row) => `(${row.map(() => "?").join(", ")})`).join(", ");
    await connection.run(`INSERT INTO ${sqliteName(table.table_name)} VALUES ${places}`, part.flat().map(storedText));
  }
}
