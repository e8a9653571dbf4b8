import type { Connection } from "mysql2";
import type { SqlValue } from "../python/python-text.js";
import { query } from "./mysql-connection.js";

/** More rows than any of the task's own statements returns. */
const mostRows = 100_000;

/** Seconds that a statement may wait for another connection's locks. */
const lockWaitS = 30;

/** One connection for our own statements, one after the other; opened when it is needed, and again after it broke. */
export class MysqlLane {
  #connection: Promise<Connection> | undefined;

  constructor(private readonly open: () => Promise<Connection>) {}

  async run(sql: string): Promise<SqlValue[][]> {
    this.#connection ??= this.#prepare();
    const opening = this.#connection;
    try {
      return await query(await opening, sql, mostRows);
    } catch (error) {
      const broken = (error as { fatal?: boolean }).fatal === true || !("sqlState" in (error as object));
      if (broken && this.#connection === opening) this.#connection = undefined;
      throw error;
    }
  }

  async close(): Promise<void> {
    const connection = await this.#connection?.catch(() => undefined);
    this.#connection = undefined;
    connection?.destroy();
  }

  async #prepare(): Promise<Connection> {
    const connection = await this.open();
    await query(connection, `SET SESSION lock_wait_timeout = ${lockWaitS}`, 1);
    return connection;
  }
}
