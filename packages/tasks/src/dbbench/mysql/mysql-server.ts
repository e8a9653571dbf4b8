import { randomBytes } from "node:crypto";
import { CodedError, messageOf } from "@eval/protocol";
import type { Connection } from "mysql2";
import type { SampleTable } from "../data-set.js";
import type { DatabaseServer } from "../database.js";
import { mysqlColumns, mysqlIdentifier, mysqlName } from "../identifiers.js";
import { OpenDatabases } from "../open-databases.js";
import { storedText } from "../stored-text.js";
import { type ConnectionFactory, connect, connectionOptions, query, shownAddress } from "./mysql-connection.js";
import { MysqlDatabase } from "./mysql-database.js";
import { MysqlLane } from "./mysql-lane.js";

export interface MysqlOptions {
  address: string;
  timeoutMs: number;
}

/** Rows of one INSERT. */
const rowsAtOnce = 500;

/** A MariaDB or MySQL server with a schema for each sample. */
export class MysqlServer implements DatabaseServer {
  readonly dialect = "mysql";
  readonly #open = new OpenDatabases<MysqlDatabase>();
  readonly #leftover = new Set<string>();
  readonly #schemas: MysqlLane;
  /** A lane of its own: ending a statement must not wait behind a schema that is being made. */
  readonly #kills: MysqlLane;

  private constructor(
    private readonly factory: ConnectionFactory,
    private readonly options: MysqlOptions,
  ) {
    this.#schemas = new MysqlLane(() => this.#connect());
    this.#kills = new MysqlLane(() => this.#connect());
  }

  /** Loads the driver and looks whether the server answers. */
  static async open(options: MysqlOptions): Promise<MysqlServer> {
    const { createConnection } = (await import("mysql2")).default;
    const server = new MysqlServer(createConnection, options);
    try {
      await server.#schemas.run("SELECT 1");
      return server;
    } catch (error) {
      const address = shownAddress(options.address);
      const text = `The database server ${address} cannot be used: ${messageOf(error)}. Start it, or correct "database".`;
      throw new CodedError("START_FAILED", text, { cause: error });
    }
  }

  create(table: SampleTable): Promise<MysqlDatabase> {
    return this.#open.add(() => this.#create(table));
  }

  async #create(table: SampleTable): Promise<MysqlDatabase> {
    // The process is part of the name, so that what a killed one left behind can be told from what is in use.
    const schema = `eval_dbbench_${process.pid}_${randomBytes(6).toString("hex")}`;
    this.#leftover.add(schema);
    try {
      await this.#schemas.run(`CREATE DATABASE ${mysqlName(schema)} CHARACTER SET utf8mb4`);
      await this.#fill(schema, table);
    } catch (error) {
      await this.dropSchema(schema);
      throw error;
    }
    return new MysqlDatabase(this, schema, table);
  }

  async release(): Promise<void> {
    await this.#open.dropAll();
    await Promise.all([...this.#leftover].map((schema) => this.dropSchema(schema)));
    await Promise.all([this.#schemas.close(), this.#kills.close()]);
    if (this.#leftover.size === 0) return;
    const names = [...this.#leftover].join(", ");
    throw new CodedError("INTERNAL", `These databases of ${shownAddress(this.options.address)} are left: ${names}`);
  }

  /** A connection for the statements of one sample. */
  connectTo(schema: string): Promise<Connection> {
    return this.#connect(schema);
  }

  get timeoutMs(): number {
    return this.options.timeoutMs;
  }

  dropped(database: MysqlDatabase): void {
    this.#open.remove(database);
  }

  /** Ends a statement or a connection; one that has ended by itself meanwhile is none to the server. */
  async kill(what: "QUERY" | "CONNECTION", threadId: number): Promise<void> {
    await this.#kills.run(`KILL ${what} ${threadId}`).catch(() => {});
  }

  /** Drops a schema; one that cannot be dropped now is tried again by {@link release}. */
  async dropSchema(schema: string): Promise<void> {
    await this.#schemas.run(`DROP DATABASE IF EXISTS ${mysqlName(schema)}`).then(
      () => this.#leftover.delete(schema),
      () => {},
    );
  }

  #connect(schema?: string): Promise<Connection> {
    const options = connectionOptions(this.options.address);
    return connect(this.factory, schema === undefined ? options : { ...options, database: schema });
  }

  async #fill(schema: string, table: SampleTable): Promise<void> {
    const connection = await this.connectTo(schema);
    try {
      const name = mysqlName(mysqlIdentifier(table.table_name, "table_1"));
      const columns = mysqlColumns(table.table_info.columns.map((column) => column.name));
      await query(connection, `CREATE TABLE ${name} (${columns.map((column) => `${mysqlName(column)} TEXT`)})`, 1);
      const { rows } = table.table_info;
      for (let start = 0; start < rows.length; start += rowsAtOnce) {
        const values = rows.slice(start, start + rowsAtOnce).map((row) => {
          return `(${row.map((cell) => connection.escape(storedText(cell))).join(", ")})`;
        });
        await query(connection, `INSERT INTO ${name} VALUES ${values.join(", ")}`, 1);
      }
    } finally {
      connection.destroy();
    }
  }
}
