import type { SampleTable } from "../data-set.js";
import { comparableRows, type SampleDatabase, visibleRows } from "../database.js";
import { distinct, sqliteName } from "../identifiers.js";
import type { SqlValue } from "../python/python-text.js";
import { onlyStatement, withoutBackslashEscapes } from "../sql-text.js";
import type { EngineSession } from "./engine-session.js";

/** One sample's database in memory, in its own engine. */
export class SqliteDatabase implements SampleDatabase {
  readonly #dropping = new AbortController();
  #running: Promise<unknown> = Promise.resolve();
  #dropped: Promise<void> | undefined;

  constructor(
    private readonly session: EngineSession,
    private readonly table: SampleTable,
    private readonly timeoutMs: number,
    private readonly onDrop: (database: SqliteDatabase) => void,
  ) {}

  async execute(sql: string, signal: AbortSignal): Promise<SqlValue[][]> {
    const statement = withoutBackslashEscapes(onlyStatement(sql));
    return this.#query("execute", statement, visibleRows, signal);
  }

  async joinedRows(signal: AbortSignal): Promise<string[]> {
    const columns = distinct(this.table.table_info.columns.map((column) => column.name)).map(sqliteName);
    const texts = columns.map((column) => `CAST(${column} AS TEXT)`).join(", ");
    const limit = comparableRows(this.table) + 1;
    const sql = `SELECT ${texts} FROM main.${sqliteName(this.table.table_name)}`;
    const rows = await this.#query("read", sql, limit, signal);
    return rows.map((row) => row.filter((value) => value !== null).join(","));
  }

  drop(): Promise<void> {
    this.#dropped ??= this.#drop();
    return this.#dropped;
  }

  async #drop(): Promise<void> {
    this.#dropping.abort();
    await this.#running.catch(() => {});
    await this.session.close();
    this.onDrop(this);
  }

  #query(kind: "execute" | "read", sql: string, most: number, signal: AbortSignal): Promise<SqlValue[][]> {
    const either = AbortSignal.any([signal, this.#dropping.signal]);
    const work = this.session.query({ kind, sql, most, timeoutMs: this.timeoutMs }, either);
    this.#running = work;
    return work;
  }
}
