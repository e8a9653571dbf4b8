import { sqliteName } from "../../identifiers.js";
import type { SqlValue } from "../../python/python-text.js";
import { firstWord } from "../../sql-text.js";
import type { EngineLimits, EngineOrigin } from "../engine-messages.js";
import { addCallbacks, type Callbacks } from "./callback-table.js";
import { initialPages, wasmPageBytes } from "./host-imports.js";
import { RegexpFunction } from "./regexp-function.js";
import {
  configDefensive,
  imageFlags,
  imageInPlace,
  limitIds,
  openFlags,
  resultCodes,
  utf8Deterministic,
} from "./sqlite-codes.js";
import { SqliteLibrary } from "./sqlite-library.js";
import { type Cut, EngineError, errorOf, Statement } from "./statement.js";
import { refusedAction } from "./statement-rules.js";
import { longStatementMs, yieldToOthers } from "./thread-priority.js";
import { replyBytes } from "./visible-value.js";

/** Steps of the engine between two looks at the clock; some 10 microseconds. */
const stepsBetweenLooks = 1_000;

export interface QueryLimits {
  /** Rows that are read. */
  most: number;
  timeoutMs: number;
  cut: Cut;
  /** What happens to a reply with more bytes than it may have: it ends there, or the query fails. */
  onFull: "end" | "fail";
}

/** An engine of its own with one database in its memory. What it throws other than EngineError ends the thread. */
export class EngineDatabase {
  readonly #library: SqliteLibrary;
  readonly #database: number;
  readonly #initialBytes: number;
  #deadline = Number.POSITIVE_INFINITY;
  #started = 0;
  #yielded = false;
  /** What the last statement was refused for. */
  #refused: string | undefined;
  #wrote = false;

  constructor(
    module: WebAssembly.Module,
    origin: EngineOrigin,
    private readonly limits: EngineLimits,
  ) {
    this.#library = new SqliteLibrary(module, { initial: initialPages, most: limits.memory / wasmPageBytes });
    this.#initialBytes = this.#library.memoryBytes;
    this.#database = this.#open();
    const callbacks = addCallbacks(this.#library.functions.__indirect_function_table, this.#callbacks());
    this.#addFunctions(callbacks.regexp);
    if (origin.kind === "image") this.#load(origin.bytes);
    this.#bound();
    if (origin.kind === "table") this.#createTable(origin);
    this.#guard(callbacks);
  }

  /** True where the engine never needed more memory than it began with, and its thread kept its priority. */
  get clean(): boolean {
    return this.#library.memoryBytes === this.#initialBytes && !this.#yielded;
  }

  /** True where the last statement may have changed the database, even if it failed. */
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
      this.#execute("COMMIT");
    } catch (error) {
      this.#execute("ROLLBACK");
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
        const row = statement.row(cut);
        bytes += row.reduce<number>((sum, value) => sum + replyBytes(value), 0);
        rows.push(row);
      }
      if (bytes > this.limits.reply && onFull === "fail") throw new EngineError("The result is too large", 0);
      full = rows.length >= most || bytes > this.limits.reply;
      // What a statement writes has been written at its first row; only its rows would follow.
      if (full && statement.readsOnly) break;
    }
    return rows;
  }

  #execute(sql: string): void {
    const statement = Statement.prepare(this.#library, this.#database, sql);
    try {
      while (statement.step());
    } finally {
      statement.finalize();
    }
  }

  #open(): number {
    const { functions } = this.#library;
    return this.#library.withPlace((place) =>
      this.#library.withText("main", (name) =>
        // This file system of SQLite's is one block of memory for one database.
        this.#library.withText("memdb", (vfs) => {
          const code = functions.sqlite3_open_v2(name, place, openFlags.readWrite | openFlags.create, vfs);
          const database = this.#library.pointer(place);
          if (code !== resultCodes.ok) throw errorOf(this.#library, database, code);
          return database;
        }),
      ),
    );
  }

  #load(image: Uint8Array): void {
    const { functions } = this.#library;
    const at = this.#library.allocate(image.length);
    this.#library.bytes(at, image.length).set(image);
    const size = BigInt(image.length);
    const code = this.#library.withText("main", (schema) =>
      functions.sqlite3_deserialize(this.#database, schema, at, size, size, imageFlags),
    );
    if (code !== resultCodes.ok) throw errorOf(this.#library, this.#database, code);
  }

  #bound(): void {
    const { databasePages, heap } = this.limits;
    // The block of memory is the cache already; texts are compared as in a fresh connection.
    this.#execute("PRAGMA cache_size = -1024");
    this.#execute(`PRAGMA max_page_count = ${databasePages}`);
    this.#execute(`PRAGMA temp.max_page_count = ${databasePages}`);
    this.#execute(`PRAGMA hard_heap_limit = ${heap}`);
  }

  /** The columns compare texts without regard to case, as MySQL's do by default. */
  #createTable({ name, columns, rows }: Extract<EngineOrigin, { kind: "table" }>): void {
    const declarations = columns.map((column) => `${sqliteName(column)} TEXT COLLATE NOCASE`).join(", ");
    this.#execute("BEGIN");
    this.#execute(`CREATE TABLE ${sqliteName(name)} (${declarations})`);
    const places = columns.map(() => "?").join(", ");
    const insert = Statement.prepare(
      this.#library,
      this.#database,
      `INSERT INTO ${sqliteName(name)} VALUES (${places})`,
    );
    for (const row of rows) {
      if (row.length !== columns.length) {
        throw new EngineError(`A row has ${row.length} values for ${columns.length} columns`, 0);
      }
      insert.runWith(row);
    }
    insert.finalize();
    this.#execute("COMMIT");
  }

  /** From here on, statements are an agent's. */
  #guard(callbacks: Record<keyof Callbacks, number>): void {
    const { functions } = this.#library;
    functions.sqlite3_limit(this.#database, limitIds.length, this.limits.value);
    functions.sqlite3_limit(this.#database, limitIds.likePattern, 1_000);
    functions.sqlite3_limit(this.#database, limitIds.attached, 0);
    functions.sqlite3_limit(this.#database, limitIds.triggerDepth, 100);
    functions.sqlite3_limit(this.#database, limitIds.steps, 1_000_000);
    functions.sqlite3__wasm_db_config_ip(this.#database, configDefensive, 1, 0);
    functions.sqlite3_set_authorizer(this.#database, callbacks.authorize, 0);
    functions.sqlite3_progress_handler(this.#database, stepsBetweenLooks, callbacks.progress, 0);
  }

  #addFunctions(regexp: number): void {
    const { functions } = this.#library;
    this.#library.withText("regexp", (name) =>
      functions.sqlite3_create_function_v2(this.#database, name, 2, utf8Deterministic, 0, regexp, 0, 0, 0),
    );
  }

  /** Ends the running statement at its deadline by the value 1. */
  #look(now: number): number {
    if (!this.#yielded && now > this.#started + longStatementMs) {
      this.#yielded = true;
      yieldToOthers();
    }
    return now > this.#deadline ? 1 : 0;
  }

  #callbacks(): Callbacks {
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
