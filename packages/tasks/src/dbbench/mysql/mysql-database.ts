import type { Connection } from "mysql2";
import type { SampleTable } from "../data-set.js";
import { comparableRows, type SampleDatabase, StatementError, visibleRows } from "../database.js";
import { mysqlColumns, mysqlIdentifier, mysqlName } from "../identifiers.js";
import { interruptible } from "../interruptible.js";
import type { SqlValue } from "../python/python-text.js";
import { onlyStatement } from "../sql-text.js";
import { isStatementFault, query, quit, statementError } from "./mysql-connection.js";
import { MysqlLane } from "./mysql-lane.js";
import type { SampleAccount } from "./sample-account.js";

/** What a database needs of its server. */
export interface SchemaOwner {
  /** Milliseconds that a statement may take. */
  readonly timeoutMs: number;
  /** A connection as the sample's own user. */
  connectTo(account: SampleAccount): Promise<Connection>;
  dropSchema(account: SampleAccount): Promise<void>;
  /** Told when the database is gone. */
  dropped(database: MysqlDatabase): void;
}

/** One sample's schema. All that is done in it is done as the sample's own user. */
export class MysqlDatabase implements SampleDatabase {
  readonly #dropping = new AbortController();
  /** A second connection of the same user ends what runs on the first: that takes no further rights. */
  readonly #kills: MysqlLane;
  #killing: Promise<void> = Promise.resolve();
  #running: Promise<unknown> = Promise.resolve();
  #dropped: Promise<void> | undefined;
  #connection: Connection | undefined;

  constructor(
    private readonly server: SchemaOwner,
    private readonly account: SampleAccount,
    private readonly table: SampleTable,
    connection: Connection,
  ) {
    this.#connection = connection;
    this.#kills = new MysqlLane(() => server.connectTo(account));
  }

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
    const name = `${mysqlName(this.account.schema)}.${mysqlName(mysqlIdentifier(this.table.table_name, "table_1"))}`;
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
    await this.#kills.close();
    await this.server.dropSchema(this.account);
    this.server.dropped(this);
  }

  /** The work, with a connection and a function that ends the statement that runs on it. */
  async #onConnection<Value>(
    signal: AbortSignal,
    work: (connection: Connection, stop: () => Promise<void>) => Promise<Value>,
  ): Promise<Value> {
    const either = AbortSignal.any([signal, this.#dropping.signal]);
    const start = async (): Promise<Value> => {
      const connection = this.#connection ?? (await this.server.connectTo(this.account));
      this.#connection = connection;
      try {
        return await work(connection, () => this.#kill("QUERY"));
      } catch (error) {
        await this.#recover(connection, error);
        throw error;
      }
    };
    const interrupt = (): void => void this.#kill("QUERY");
    const abandon = (): void => {
      void this.#kill("CONNECTION");
      this.#forget(this.#connection);
    };
    const running = interruptible(start, { signal: either, timeoutMs: this.server.timeoutMs, interrupt, abandon });
    this.#running = running;
    return running.catch((error) => {
      throw isStatementFault(error) ? this.#withoutOurNames(statementError(error)) : error;
    });
  }

  /** Ends a statement or the connection from outside; one that has ended by itself meanwhile is none to the server. */
  #kill(what: "QUERY" | "CONNECTION"): Promise<void> {
    const threadId = this.#connection?.threadId;
    if (!threadId) return this.#killing;
    this.#killing = this.#kills.run(`KILL ${what} ${threadId}`).then(
      () => {},
      () => {},
    );
    return this.#killing;
  }

  /** What has not been committed is undone; a connection that broke is replaced at the next statement. */
  async #recover(connection: Connection, error: unknown): Promise<void> {
    // A kill that is still on its way would hit the next statement.
    await this.#killing;
    const usable =
      isStatementFault(error) &&
      (await query(connection, "ROLLBACK", 1).then(
        () => true,
        () => false,
      ));
    if (!usable) this.#forget(connection);
  }

  /** Ends the connection, on which nothing runs. */
  async #end(): Promise<void> {
    await this.#killing;
    const connection = this.#connection;
    this.#connection = undefined;
    if (connection) await quit(connection);
  }

  #forget(connection: Connection | undefined): void {
    connection?.destroy();
    if (this.#connection === connection) this.#connection = undefined;
  }

  /** The names of schema and user are ours; to the agent its database has the name of the table. */
  #withoutOurNames(error: StatementError): StatementError {
    const { schema, user } = this.account;
    const message = error.message.replaceAll(schema, this.table.table_name).replaceAll(user, "agent");
    return new StatementError(message, { cause: error });
  }
}

const queryInterrupted = 1317;

/** A kill that came too late for the statement can hit the following commit. */
async function commit(connection: Connection): Promise<void> {
  await query(connection, "COMMIT", 1).catch((error: { errno?: number }) => {
    if (error.errno !== queryInterrupted) throw error;
    return query(connection, "COMMIT", 1);
  });
}
