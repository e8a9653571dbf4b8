import type { Connection } from "mysql2";
import type { SampleTable } from "../data-set.js";
import { comparableRows, type SampleDatabase, StatementError, visibleRows } from "../database.js";
import { mysqlColumns, mysqlIdentifier, mysqlName } from "../identifiers.js";
import { interruptible } from "../interruptible.js";
import type { SqlValue } from "../python/python-text.js";
import { onlyStatement } from "../sql-text.js";
import { isStatementFault, query, statementError } from "./mysql-connection.js";

/** What a database needs of its server. */
export interface SchemaOwner {
  /** Milliseconds that a statement may take. */
  readonly timeoutMs: number;
  connectTo(schema: string): Promise<Connection>;
  /** Ends a statement, or a connection, from outside. */
  kill(what: "QUERY" | "CONNECTION", threadId: number): Promise<void>;
  dropSchema(schema: string): Promise<void>;
  /** Told when the database is gone. */
  dropped(database: MysqlDatabase): void;
}

/** One sample's schema, with a connection of its own that is opened at the first statement. */
export class MysqlDatabase implements SampleDatabase {
  readonly #dropping = new AbortController();
  #connection: Connection | undefined;
  #running: Promise<unknown> = Promise.resolve();
  #dropped: Promise<void> | undefined;

  constructor(
    private readonly server: SchemaOwner,
    private readonly schema: string,
    private readonly table: SampleTable,
  ) {}

  async execute(sql: string, signal: AbortSignal): Promise<SqlValue[][]> {
    const statement = onlyStatement(sql);
    return this.#onConnection(signal, async (connection, stop) => {
      const rows = await query(connection, statement, visibleRows, stop);
      // Each operation stands for itself: nothing an agent begins stays open.
      await commit(connection);
      return rows;
    });
  }

  /** On a fresh connection: the agent's may have been set up in a way that changes what is read. */
  async joinedRows(signal: AbortSignal): Promise<string[]> {
    await this.#end();
    const columns = mysqlColumns(this.table.table_info.columns.map((column) => column.name)).map(mysqlName);
    const name = `${mysqlName(this.schema)}.${mysqlName(mysqlIdentifier(this.table.table_name, "table_1"))}`;
    const limit = comparableRows(this.table) + 1;
    const sql = `SELECT CONCAT_WS(',', ${columns.join(", ")}) FROM ${name} LIMIT ${limit}`;
    const rows = await this.#onConnection(signal, (connection) => query(connection, sql, limit));
    return rows.map(([text]) => (text instanceof Uint8Array ? Buffer.from(text).toString("utf8") : String(text)));
  }

  drop(): Promise<void> {
    this.#dropped ??= this.#drop();
    return this.#dropped;
  }

  async #drop(): Promise<void> {
    this.#dropping.abort();
    await this.#running.catch(() => {});
    // The server must let go of what the connection holds before it can drop the schema.
    await this.#end();
    await this.server.dropSchema(this.schema);
    this.server.dropped(this);
  }

  /** The work, with a connection and a function that ends the statement that runs on it. */
  async #onConnection<Value>(
    signal: AbortSignal,
    work: (connection: Connection, stop: () => Promise<void>) => Promise<Value>,
  ): Promise<Value> {
    const either = AbortSignal.any([signal, this.#dropping.signal]);
    const stop = async (): Promise<void> => {
      if (this.#connection?.threadId) await this.server.kill("QUERY", this.#connection.threadId);
    };
    const start = async (): Promise<Value> => {
      const connection = this.#connection ?? (await this.server.connectTo(this.schema));
      this.#connection = connection;
      try {
        return await work(connection, stop);
      } catch (error) {
        await this.#recover(connection, error);
        throw error;
      }
    };
    const interrupt = (): void => void stop();
    const abandon = (): void => this.#forget(this.#connection);
    const running = interruptible(start, { signal: either, timeoutMs: this.server.timeoutMs, interrupt, abandon });
    this.#running = running;
    return running.catch((error) => {
      throw isStatementFault(error) ? this.#withTableName(statementError(error)) : error;
    });
  }

  /** What has not been committed is undone; a connection that broke is replaced at the next statement. */
  async #recover(connection: Connection, error: unknown): Promise<void> {
    const usable =
      isStatementFault(error) &&
      (await query(connection, "ROLLBACK", 1).then(
        () => true,
        () => false,
      ));
    if (!usable) this.#forget(connection);
  }

  /** Ends the connection on both sides. */
  async #end(): Promise<void> {
    const connection = this.#connection;
    if (connection?.threadId) await this.server.kill("CONNECTION", connection.threadId);
    this.#forget(connection);
  }

  #forget(connection: Connection | undefined): void {
    connection?.destroy();
    if (this.#connection === connection) this.#connection = undefined;
  }

  /** The schema's name is ours; to the agent its database has the name of the table. */
  #withTableName(error: StatementError): StatementError {
    const message = error.message.replaceAll(this.schema, this.table.table_name);
    return new StatementError(message, { cause: error });
  }
}

const queryInterrupted = 1317;

/** A kill that came too late for the statement can hit the commit behind it. */
async function commit(connection: Connection): Promise<void> {
  await query(connection, "COMMIT", 1).catch((error: { errno?: number }) => {
    if (error.errno !== queryInterrupted) throw error;
    return query(connection, "COMMIT", 1);
  });
}
