import type { SqlValue } from "../../python/python-text.js";
import { firstWord } from "../../sql-text.js";
import type { EngineLimits, EngineOrigin } from "../engine-messages.js";
import { addCallbacks, type Callbacks } from "./callback-table.js";
import { guardDatabase, openDatabase } from "./database-setup.js";
import { initialPages, wasmPageBytes } from "./host-imports.js";
import { RegexpFunction } from "./regexp-function.js";
import { imageInPlace } from "./sqlite-codes.js";
import { SqliteLibrary } from "./sqlite-library.js";
import { type Cut, EngineError, execute, Statement, tooLarge } from "./statement.js";
import { refusedAction } from "./statement-rules.js";
import { longStatementMs, yieldToOthers } from "./thread-priority.js";
import { replyBytes } from "./visible-value.js";

export interface QueryLimits {
  /** Rows that are read. */
  most: number;
  timeoutMs: number;
  cut: Cut;
  /** What happens to a reply with more bytes than it may have: it ends there, or the query fails. */
  onFull: "end" | "fail";
}

/**
 * An engine with its own memory, for one database at a time. After any error other than EngineError and OutOfMemory
 * it is broken and must not be used again.
 */
export class Engine {
  readonly #library: SqliteLibrary;
  readonly #callbacks: Record<keyof Callbacks, number>;
  readonly #initialBytes: number;
  #database = 0;
  #deadline = Number.POSITIVE_INFINITY;
  #started = 0;
  #yielded = false;
  /** What the last statement was refused for. */
  #refused: string | undefined;
  #wrote = false;

  constructor(
    module: WebAssembly.Module,
    private readonly limits: EngineLimits,
  ) {
    this.#library = new SqliteLibrary(module, { initial: initialPages, most: limits.memory / wasmPageBytes });
    this.#initialBytes = this.#library.memoryBytes;
    this.#callbacks = addCallbacks(this.#library.functions.__indirect_function_table, this.#handlers());
  }

  /** Opens a database; the one before was closed. */
  open(origin: EngineOrigin): void {
    this.#database = openDatabase(this.#library, origin, this.limits);
    guardDatabase(this.#library, this.#database, { callbacks: this.#callbacks, limits: this.limits });
  }

  /** True if it never needed more memory than it began with, and its thread kept its priority. */
  get clean(): boolean {
    return this.#library.memoryBytes === this.#initialBytes && !this.#yielded;
  }

  /** True if the last statement may have changed the database, even if it failed. */
  get wrote(): boolean {
    return this.#wrote;
  }

  /** Runs one statement and commits it. */
  run(sql: string, limits: QueryLimits): SqlValue[][] {
    this.#wrote = false;
    this.#refused = undefined;
    this.#started = Date.now();
    this.#deadline = this.#started + limits.timeoutMs;
    try {
      const statement = Statement.prepare(this.#library, this.#database, sql);
      try {
        this.#wrote = !statement.readsOnly;
        return this.#rows(statement, limits);
      } finally {
        statement.finalize();
      }
    } catch (error) {
      throw this.#named(error, sql);
    } finally {
      this.#deadline = Number.POSITIVE_INFINITY;
      this.#commit();
    }
  }

  /** A copy of the database as it is now. */
  image(): Uint8Array<ArrayBuffer> {
    const { functions } = this.#library;
    return this.#library.withPlace((place) =>
      this.#library.withText("main", (schema) => {
        const at = functions.sqlite3_serialize(this.#database, schema, place, imageInPlace);
        return Uint8Array.from(this.#library.bytes(at, at === 0 ? 0 : Number(this.#library.long(place))));
      }),
    );
  }

  close(): void {
    this.#library.functions.sqlite3_close_v2(this.#database);
  }

  /** Each operation stands for itself: nothing an agent begins stays open. */
  #commit(): void {
    if (this.#library.functions.sqlite3_get_autocommit(this.#database) !== 0) return;
    try {
      execute(this.#library, this.#database, "COMMIT");
    } catch (error) {
      execute(this.#library, this.#database, "ROLLBACK");
      throw error;
    }
  }

  /** What an agent may not do is named in the error. VACUUM is refused while it runs, the others before. */
  #named(error: unknown, sql: string): unknown {
    if (!(error instanceof EngineError) || this.#refused === undefined) return error;
    const what = firstWord(sql) === "VACUUM" ? "VACUUM" : this.#refused;
    return new EngineError(`${what} is not allowed here`, error.code);
  }

  #rows(statement: Statement, { most, cut, onFull }: QueryLimits): SqlValue[][] {
    const rows: SqlValue[][] = [];
    let bytes = 0;
    let full = false;
    while (statement.step()) {
      if (!full) {
        const row = statement.row(cut, this.limits.reply);
        bytes += row.reduce<number>((sum, value) => sum + replyBytes(value), 0);
        rows.push(row);
      }
      if (bytes > this.limits.reply && onFull === "fail") throw tooLarge();
      full = rows.length >= most || bytes > this.limits.reply;
      // What a statement writes has been written at its first row; only its rows would follow.
      if (full && statement.readsOnly) break;
    }
    return rows;
  }

  /** Ends the running statement at its deadline by the value 1. */
  #look(now: number): number {
    if (!this.#yielded && now > this.#started + longStatementMs) {
      this.#yielded = true;
      yieldToOthers();
    }
    return now > this.#deadline ? 1 : 0;
  }

  #handlers(): Callbacks {
    const regexp = new RegexpFunction(this.#library);
    return {
      progress: () => this.#look(Date.now()),
      authorize: (_context, action, name) => {
        const refused = refusedAction(action, this.#library.textAt(name));
        this.#refused ??= refused;
        return refused === undefined ? 0 : 1;
      },
      regexp: (context, _count, values) => regexp.call(context, values),
    };
  }
}
