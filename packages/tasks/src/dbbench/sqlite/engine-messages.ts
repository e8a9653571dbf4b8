import type { SqlValue } from "../python/python-text.js";

/** Bounds of one engine, in bytes unless it says otherwise. */
export interface EngineLimits {
  /** All memory of the engine: program, stack and data. */
  memory: number;
  /** What SQLite may have allocated at once. */
  heap: number;
  /** Pages of 4 KiB of the database, and as many of its temporary tables. */
  databasePages: number;
  /** The longest text, blob or row. */
  value: number;
  /** All rows of one reply together. */
  reply: number;
}

/** What a database starts from: a table, or the image of a database that the engine has sent. */
export type EngineOrigin =
  | { kind: "table"; name: string; columns: readonly string[]; rows: readonly (readonly (string | null)[])[] }
  | { kind: "image"; bytes: Uint8Array };

/** What the main thread asks of an engine thread. It waits for the reply before it asks again. */
export type EngineRequest =
  /** Opens a database. */
  | { kind: "open"; origin: EngineOrigin; limits: EngineLimits }
  /** Runs a statement of an agent: its first `most` rows, each value as far as it can be visible. */
  | { kind: "execute"; sql: string; most: number; timeoutMs: number }
  /** Runs a query of ours: its first `most` rows, with all they hold. */
  | { kind: "read"; sql: string; most: number; timeoutMs: number }
  /** Closes the database. */
  | { kind: "close" };

/** `image` is the database after a statement that wrote. */
export type EngineReply =
  | { kind: "opened" }
  | { kind: "rows"; rows: SqlValue[][]; image?: Uint8Array<ArrayBuffer> }
  /** The message is for the author of the statement. */
  | { kind: "failed"; message: string; image?: Uint8Array<ArrayBuffer> }
  /** The statement was stopped at its deadline and has changed nothing. */
  | { kind: "stopped" }
  /** `clean`: the engine is as it was at its start and can be used again. */
  | { kind: "closed"; clean: boolean };
