import type { SampleTable } from "../data-set.js";
import { comparableRows, type SampleDatabase, StatementError, visibleRows } from "../database.js";
import { distinct, sqliteName } from "../identifiers.js";
import { interruptible } from "../interruptible.js";
import type { SqlValue } from "../python/python-text.js";
import { firstWord, onlyStatement, withoutBackslashEscapes } from "../sql-text.js";
import type { SqliteConnection } from "./sqlite-connection.js";
import type { LibsqlStatement } from "./sqlite-driver.js";

/** Statements that reach beyond the sample's own database (files of the host, limits of the engine). */
const refusedWords = new Set(["ATTACH", "DETACH", "VACUUM", "PRAGMA"]);

/** One sample's database in memory, on a connection of its own. */
export class SqliteDatabase implements SampleDatabase {
  readonly #dropping = new AbortController();
  #running: Promise<unknown> = Promise.resolve();
  #dropped: Promise<void> | undefined;

  constructor(
    private readonly connection: SqliteConnection,
    private readonly table: SampleTable,
    private readonly timeoutMs: number,
    private readonly onDrop: (database: SqliteDatabase) => void,
  ) {}

  async execute(sql: string, signal: AbortSignal): Promise<SqlValue[][]> {
    const statement = withoutBackslashEscapes(onlyStatement(sql));
    const word = firstWord(statement);
    if (refusedWords.has(word)) throw new StatementError(`${word} is not allowed here`);
    return this.#interruptible(signal, () => this.#runAndCommit(statement));
  }

  async joinedRows(signal: AbortSignal): Promise<string[]> {
    const columns = distinct(this.table.table_info.columns.map((column) => column.name)).map(sqliteName);
    const texts = columns.map((column) => `CAST(${column} AS TEXT)`).join(", ");
    const limit = comparableRows(this.table) + 1;
    const sql = `SELECT ${texts} FROM main.${sqliteName(this.table.table_name)}`;
    const rows = await this.#interruptible(signal, async () =>
      this.connection.rows(await this.#materialised(sql, limit), limit),
    );
    return rows.map((row) => row.filter((value) => value !== null).join(","));
  }

  drop(): Promise<void> {
    this.#dropped ??= this.#drop();
    return this.#dropped;
  }

  async #drop(): Promise<void> {
    this.#dropping.abort();
    await this.#running.catch(() => {});
    this.connection.close();
    this.onDrop(this);
  }

  async #interruptible<Value>(signal: AbortSignal, start: () => Promise<Value>): Promise<Value> {
    const either = AbortSignal.any([signal, this.#dropping.signal]);
    const interrupt = (): void => this.connection.interrupt();
    const work = interruptible(start, { signal: either, timeoutMs: this.timeoutMs, interrupt });
    this.#running = work;
    return work.catch((error) => {
      throw isEngineError(error) ? new StatementError(error.message, { cause: error }) : error;
    });
  }

  async #runAndCommit(sql: string): Promise<SqlValue[][]> {
    try {
      const statement = await this.connection.prepare(sql);
      if (!statement.reader) return await this.connection.rows(statement, 0);
      const materialised = await this.#materialised(sql, visibleRows).catch(() => statement);
      return await this.connection.rows(materialised, visibleRows);
    } finally {
      // Each operation stands for itself: nothing an agent begins stays open.
      if (this.connection.inTransaction) await this.connection.run("COMMIT");
    }
  }

  /** The query in a form that does all its work in the first step. Rejects for what is no query (a RETURNING, say). */
  #materialised(query: string, limit: number): Promise<LibsqlStatement> {
    return this.connection.prepare(
      `WITH visible AS MATERIALIZED (SELECT * FROM (${query}\n) LIMIT ${limit}) SELECT * FROM visible`,
    );
  }
}

function isEngineError(error: unknown): error is Error & { code: string } {
  return error instanceof Error && String((error as { code?: unknown }).code).startsWith("SQLITE_");
}
