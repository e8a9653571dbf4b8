import type { Connection, ConnectionOptions, FieldPacket, QueryError } from "mysql2";
import { StatementError } from "../database.js";
import type { SqlValue } from "../python/python-text.js";
import { type ColumnInfo, mysqlValue } from "./mysql-values.js";

export type ConnectionFactory = (options: ConnectionOptions) => Connection;

/** Milliseconds within which a connection has to be there. */
const connectTimeoutMs = 10_000;

/** Milliseconds that a server has to close a connection. */
const quitMs = 2_000;

/** The driver's options for an address such as `mysql://user:password@host:3306/`. */
export function connectionOptions(address: string): ConnectionOptions {
  const url = new URL(address);
  return {
    host: url.hostname.replace(/^\[|\]$/g, "") || "127.0.0.1",
    port: url.port === "" ? 3306 : Number(url.port),
    user: decodeURIComponent(url.username) || "root",
    password: decodeURIComponent(url.password),
    charset: "utf8mb4",
    // The server may not ask for files of this host (LOAD DATA LOCAL INFILE).
    flags: ["-LOCAL_FILES"],
    connectTimeout: connectTimeoutMs,
    // Cells stay as the server sent them: mysql-values.ts reads them.
    typeCast: (field) => field.buffer(),
    rowsAsArray: true,
  };
}

/** The address without its password, for messages. */
export function shownAddress(address: string): string {
  const url = new URL(address);
  if (url.password !== "") url.password = "***";
  return url.href;
}

/** Opens a connection; rejects when the server cannot be reached or refuses it. */
export function connect(factory: ConnectionFactory, options: ConnectionOptions): Promise<Connection> {
  return new Promise((resolve, reject) => {
    const connection = factory(options);
    connection.connect((error) => {
      if (error) reject(error);
      else resolve(connection);
    });
    // Without a listener a connection that breaks later would end the process; the next query tells.
    connection.on("error", () => {});
  });
}

/**
 * Runs a statement; its first `most` rows. Where there are that many, `stop` is called once to end the statement, and
 * further results are ignored.
 */
export async function query(
  connection: Connection,
  sql: string,
  most: number,
  stop?: () => Promise<void>,
): Promise<SqlValue[][]> {
  let stopping: Promise<void> | undefined;
  const rows = await readRows(connection, sql, most, () => {
    stopping = stop?.();
  });
  await stopping;
  return rows;
}

function readRows(connection: Connection, sql: string, most: number, onFull: () => void): Promise<SqlValue[][]> {
  return new Promise((resolve, reject) => {
    const rows: SqlValue[][] = [];
    let columns: readonly ColumnInfo[] = [];
    let full = false;
    const running = connection.query(sql);
    running.on("fields", (fields: FieldPacket[]) => {
      columns = (fields ?? []) as unknown as ColumnInfo[];
    });
    running.on("result", (row: unknown) => {
      if (full || !Array.isArray(row)) return;
      rows.push(row.map((cell, index) => mysqlValue(cell, columns[index] ?? { columnType: 253, characterSet: 45 })));
      full = rows.length >= most;
      if (full) onFull();
    });
    running.on("error", (error: QueryError) => (full ? resolve(rows) : reject(error)));
    running.on("end", () => resolve(rows));
  });
}

/** Closes a connection that runs nothing; resolves when the server has let go of it, or after a while without that. */
export function quit(connection: Connection): Promise<void> {
  return new Promise<void>((resolve) => {
    const late = setTimeout(resolve, quitMs);
    connection.end(() => {
      clearTimeout(late);
      resolve();
    });
  }).then(() => connection.destroy());
}

/** True if the statement was at fault; false if the connection or the server broke. */
export function isStatementFault(error: unknown): error is QueryError {
  const { errno, fatal } = error as { errno?: unknown; fatal?: unknown };
  return error instanceof Error && typeof errno === "number" && errno >= 1000 && errno < 5000 && fatal !== true;
}

/** The error as the agent sees it: `1146 (42S02): Table 'x.y' doesn't exist`. */
export function statementError(error: QueryError): StatementError {
  return new StatementError(`${error.errno} (${error.sqlState ?? "HY000"}): ${error.message}`, { cause: error });
}
