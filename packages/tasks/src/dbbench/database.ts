import type { SampleTable } from "./data-set.js";
import type { SqlValue } from "./python/python-text.js";

export type Dialect = "sqlite" | "mysql";

/** A statement failed for a reason that its author should read: the agent is shown the message. */
export class StatementError extends Error {
  override readonly name = "StatementError";
}

/**
 * Maximum number of rows of a result that are read. The shortest row prints as four characters, so what the agent can see
 * of a result (800 characters) never reaches this far.
 */
export const visibleRows = 201;

/** The database of one sample, from its creation to its end. */
export interface SampleDatabase {
  /**
   * Runs one statement and commits it; its first {@link visibleRows} rows. Rejects with a {@link StatementError}
   * for what the agent should see, a timeout included, with the signal's reason when it aborts.
   */
  execute(sql: string, signal: AbortSignal): Promise<SqlValue[][]>;
  /**
   * For each row of the table as it is now, all its columns joined (see table-hash.ts). Rejects with a
   * {@link StatementError} where the table cannot be read any more: it was dropped, say.
   */
  joinedRows(signal: AbortSignal): Promise<string[]>;
  /** Stops running statements and drops the database. Never rejects. */
  drop(): Promise<void>;
}

/** Where sample databases live. */
export interface DatabaseServer {
  readonly dialect: Dialect;
  create(table: SampleTable): Promise<SampleDatabase>;
  /** Drops whatever is left and closes all connections. */
  release(): Promise<void>;
}

/** More rows than this after a conversation are no table that was asked for: they are not compared. */
export function comparableRows(table: SampleTable): number {
  return table.table_info.rows.length * 2 + 10_000;
}
