import { hostImports } from "./host-imports.js";

/** The functions of SQLite's C interface that are used; pointers are numbers. */
export interface SqliteFunctions {
  __wasm_call_ctors(): void;
  __indirect_function_table: WebAssembly.Table;
  sqlite3_initialize(): number;
  sqlite3_malloc(bytes: number): number;
  sqlite3_malloc64(bytes: bigint): number;
  sqlite3_free(at: number): void;
  sqlite3_open_v2(name: number, at: number, flags: number, vfs: number): number;
  sqlite3_close_v2(database: number): number;
  sqlite3_limit(database: number, which: number, value: number): number;
  sqlite3_set_authorizer(database: number, callback: number, context: number): number;
  sqlite3_progress_handler(database: number, steps: number, callback: number, context: number): void;
  sqlite3_create_function_v2(
    ...parameters: [
      database: number,
      name: number,
      count: number,
      flags: number,
      context: number,
      call: number,
      step: number,
      final: number,
      destroy: number,
    ]
  ): number;
  sqlite3__wasm_db_config_ip(database: number, option: number, value: number, result: number): number;
  sqlite3_prepare_v2(database: number, sql: number, bytes: number, statement: number, tail: number): number;
  sqlite3_step(statement: number): number;
  sqlite3_finalize(statement: number): number;
  sqlite3_stmt_readonly(statement: number): number;
  sqlite3_bind_text(statement: number, index: number, text: number, bytes: number, destructor: number): number;
  sqlite3_bind_null(statement: number, index: number): number;
  sqlite3_reset(statement: number): number;
  sqlite3_column_count(statement: number): number;
  sqlite3_column_type(statement: number, column: number): number;
  sqlite3_column_int64(statement: number, column: number): bigint;
  sqlite3_column_double(statement: number, column: number): number;
  sqlite3_column_text(statement: number, column: number): number;
  sqlite3_column_blob(statement: number, column: number): number;
  sqlite3_column_bytes(statement: number, column: number): number;
  sqlite3_get_autocommit(database: number): number;
  sqlite3_errmsg(database: number): number;
  sqlite3_serialize(database: number, schema: number, bytes: number, flags: number): number;
  sqlite3_deserialize(
    ...parameters: [database: number, schema: number, data: number, bytes: bigint, room: bigint, flags: number]
  ): number;
  sqlite3_value_text(value: number): number;
  sqlite3_value_bytes(value: number): number;
  sqlite3_result_int(context: number, value: number): void;
  sqlite3_result_error(context: number, text: number, bytes: number): void;
}

/** The engine ran out of its memory. */
export class OutOfMemory extends Error {
  override readonly name = "OutOfMemory";
}

/** One instance of the engine with its own memory, and functions that read and write this memory. */
export class SqliteLibrary {
  readonly functions: SqliteFunctions;
  readonly #memory: WebAssembly.Memory;

  /** @param mostPages maximum size of the memory, in pages of 64 KiB */
  constructor(module: WebAssembly.Module, pages: { initial: number; most: number }) {
    this.#memory = new WebAssembly.Memory({ initial: pages.initial, maximum: pages.most });
    const imports = hostImports(module, this.#memory, pages.most);
    this.functions = new WebAssembly.Instance(module, imports).exports as unknown as SqliteFunctions;
    this.functions.__wasm_call_ctors();
    this.functions.sqlite3_initialize();
  }

  /** Bytes of its memory. */
  get memoryBytes(): number {
    return this.#memory.buffer.byteLength;
  }

  bytes(at: number, length: number): Uint8Array {
    return new Uint8Array(this.#memory.buffer, at, length);
  }

  text(at: number, length: number): string {
    return Buffer.from(this.#memory.buffer, at, length).toString("utf8");
  }

  /** A text that ends with a zero byte. */
  textAt(at: number): string {
    return at === 0 ? "" : this.text(at, this.bytes(at, this.memoryBytes - at).indexOf(0));
  }

  pointer(at: number): number {
    return new DataView(this.#memory.buffer).getUint32(at, true);
  }

  long(at: number): bigint {
    return new DataView(this.#memory.buffer).getBigInt64(at, true);
  }

  /** Allocates memory inside the engine; the caller frees it. */
  allocate(bytes: number): number {
    const at = this.functions.sqlite3_malloc64(BigInt(bytes));
    if (at === 0) throw new OutOfMemory("out of memory");
    return at;
  }

  /** Lends a text to some work, with its place and its length in bytes. */
  withText<Value>(text: string, work: (at: number, bytes: number) => Value): Value {
    const content = Buffer.from(`${text}\0`, "utf8");
    const at = this.allocate(content.length);
    try {
      this.bytes(at, content.length).set(content);
      return work(at, content.length - 1);
    } finally {
      this.functions.sqlite3_free(at);
    }
  }

  /** Lends eight bytes for a result. */
  withPlace<Value>(work: (at: number) => Value): Value {
    const at = this.allocate(8);
    try {
      this.bytes(at, 8).fill(0);
      return work(at);
    } finally {
      this.functions.sqlite3_free(at);
    }
  }
}
