import type { SqlValue } from "../python/python-text.js";
import type { LibsqlDatabase, LibsqlStatement } from "./sqlite-driver.js";

/**
 * One connection of the engine, used by one statement at a time.
 *
 * It holds on to every statement and result until it is closed. The collector frees them on the main thread, where
 * the engine then waits for the connection's lock: freed while another statement of this connection runs, they would
 * stop the whole process for as long as it runs, and an interrupt could not be sent.
 */
export class SqliteConnection {
  readonly #held: unknown[] = [];

  constructor(private readonly database: LibsqlDatabase) {}

  async prepare(sql: string): Promise<LibsqlStatement> {
    const statement = await this.database.prepare(sql);
    this.#held.push(statement);
    return statement;
  }

  /** Runs a statement to its end; its first `most` rows. An error can come as late as the end. */
  async rows(statement: LibsqlStatement, most: number, parameters: readonly SqlValue[] = []): Promise<SqlValue[][]> {
    if (statement.reader) statement.raw().safeIntegers();
    const result = await statement.iterate(parameters);
    this.#held.push(result);
    const rows: SqlValue[][] = [];
    for (const row of result) {
      if (rows.length < most) rows.push([...row]);
    }
    return rows;
  }

  async run(sql: string, parameters: readonly SqlValue[] = []): Promise<void> {
    await this.rows(await this.prepare(sql), 0, parameters);
  }

  get inTransaction(): boolean {
    return this.database.inTransaction;
  }

  interrupt(): void {
    this.database.interrupt();
  }

  /** Only when no statement runs. */
  close(): void {
    this.database.close();
    this.#held.length = 0;
  }
}
