import type { SqlValue } from "../../python/python-text.js";
import { columnTypes, resultCodes, transient } from "./sqlite-codes.js";
import { OutOfMemory, type SqliteLibrary } from "./sqlite-library.js";

/** The engine refused a statement or could not carry it out; the message is its own. */
export class EngineError extends Error {
  override readonly name = "EngineError";

  constructor(
    message: string,
    readonly code: number,
  ) {
    super(message);
  }
}

/** How texts and blobs are read out of the engine's memory. */
export type Cut = (bytes: Uint8Array) => Uint8Array;

/** One prepared statement. The caller finalizes it. */
export class Statement {
  private constructor(
    private readonly library: SqliteLibrary,
    private readonly database: number,
    private readonly at: number,
  ) {}

  static prepare(library: SqliteLibrary, database: number, sql: string): Statement {
    const at = library.withPlace((place) =>
      library.withText(sql, (text, bytes) => {
        const code = library.functions.sqlite3_prepare_v2(database, text, bytes + 1, place, 0);
        if (code !== resultCodes.ok) throw errorOf(library, database, code);
        return library.pointer(place);
      }),
    );
    if (at === 0) throw new EngineError("There is no statement to run", resultCodes.ok);
    return new Statement(library, database, at);
  }

  /** False for a statement that changes a database. */
  get readsOnly(): boolean {
    return this.library.functions.sqlite3_stmt_readonly(this.at) !== 0;
  }

  /** True if there is a row, false at the end. */
  step(): boolean {
    const code = this.library.functions.sqlite3_step(this.at);
    if (code === resultCodes.row) return true;
    if (code === resultCodes.done) return false;
    throw errorOf(this.library, this.database, code);
  }

  /** Runs it with the given values in the places of its parameters; for statements without rows. */
  runWith(values: readonly (string | null)[]): void {
    const { functions } = this.library;
    for (const [index, value] of values.entries()) {
      if (value === null) functions.sqlite3_bind_null(this.at, index + 1);
      else {
        this.library.withText(value, (text, bytes) => {
          const code = functions.sqlite3_bind_text(this.at, index + 1, text, bytes, transient);
          if (code !== resultCodes.ok) throw errorOf(this.library, this.database, code);
        });
      }
    }
    this.step();
    functions.sqlite3_reset(this.at);
  }

  /** The current row. Fails if it has more than this many bytes: many columns can contain the same huge value. */
  row(cut: Cut, mostBytes: number): SqlValue[] {
    let left = mostBytes;
    const bounded: Cut = (bytes) => {
      const part = cut(bytes);
      left -= part.length;
      if (left < 0) throw tooLarge();
      return part;
    };
    const count = this.library.functions.sqlite3_column_count(this.at);
    return Array.from({ length: count }, (_, column) => this.#value(column, bounded));
  }

  #value(column: number, cut: Cut): SqlValue {
    const { functions } = this.library;
    const type = functions.sqlite3_column_type(this.at, column);
    if (type === columnTypes.null) return null;
    if (type === columnTypes.integer) return functions.sqlite3_column_int64(this.at, column);
    if (type === columnTypes.float) return functions.sqlite3_column_double(this.at, column);
    const isText = type === columnTypes.text;
    const place = isText
      ? functions.sqlite3_column_text(this.at, column)
      : functions.sqlite3_column_blob(this.at, column);
    const length = functions.sqlite3_column_bytes(this.at, column);
    if (place === 0 && (isText || length > 0)) throw new OutOfMemory("out of memory");
    const bytes = cut(this.library.bytes(place, length));
    // A copy: the engine's memory is used again.
    return isText ? Buffer.from(bytes).toString("utf8") : Uint8Array.from(bytes);
  }

  finalize(): void {
    this.library.functions.sqlite3_finalize(this.at);
  }
}

/** Runs a statement of ours to its end. */
export function execute(library: SqliteLibrary, database: number, sql: string): void {
  const statement = Statement.prepare(library, database, sql);
  try {
    while (statement.step());
  } finally {
    statement.finalize();
  }
}

export function tooLarge(): EngineError {
  return new EngineError("The result is too large", resultCodes.ok);
}

export function errorOf(library: SqliteLibrary, database: number, code: number): EngineError {
  return new EngineError(library.textAt(library.functions.sqlite3_errmsg(database)), code & 0xff);
}
