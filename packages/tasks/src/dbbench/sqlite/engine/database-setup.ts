import { sqliteName } from "../../identifiers.js";
import type { EngineLimits, EngineOrigin } from "../engine-messages.js";
import type { Callbacks } from "./callback-table.js";
import { configDefensive, imageFlags, limitIds, openFlags, resultCodes, utf8Deterministic } from "./sqlite-codes.js";
import type { SqliteLibrary } from "./sqlite-library.js";
import { EngineError, errorOf, execute, Statement } from "./statement.js";

/** Steps of the engine between two looks at the clock; some 10 microseconds. */
const stepsBetweenLooks = 1_000;

/** Opens a database in the engine's memory, with all that it starts from; its address. */
export function openDatabase(library: SqliteLibrary, origin: EngineOrigin, limits: EngineLimits): number {
  const database = openEmpty(library);
  if (origin.kind === "image") loadImage(library, database, origin.bytes);
  // A larger cache would hold the database twice.
  execute(library, database, "PRAGMA cache_size = -1024");
  execute(library, database, `PRAGMA max_page_count = ${limits.databasePages}`);
  execute(library, database, `PRAGMA temp.max_page_count = ${limits.databasePages}`);
  execute(library, database, `PRAGMA hard_heap_limit = ${limits.heap}`);
  if (origin.kind === "table") createTable(library, database, origin);
  return database;
}

function openEmpty(library: SqliteLibrary): number {
  return library.withPlace((place) =>
    library.withText("main", (name) =>
      // This file system of SQLite's is one block of memory for one database.
      library.withText("memdb", (vfs) => {
        const flags = openFlags.readWrite | openFlags.create;
        const code = library.functions.sqlite3_open_v2(name, place, flags, vfs);
        const database = library.pointer(place);
        if (code !== resultCodes.ok) throw errorOf(library, database, code);
        return database;
      }),
    ),
  );
}

function loadImage(library: SqliteLibrary, database: number, image: Uint8Array): void {
  const at = library.allocate(image.length);
  library.bytes(at, image.length).set(image);
  const size = BigInt(image.length);
  const code = library.withText("main", (schema) =>
    library.functions.sqlite3_deserialize(database, schema, at, size, size, imageFlags),
  );
  if (code !== resultCodes.ok) throw errorOf(library, database, code);
}

type TableOrigin = Extract<EngineOrigin, { kind: "table" }>;

/** The columns compare texts without regard to case, as MySQL's do by default. */
function createTable(library: SqliteLibrary, database: number, { name, columns, rows }: TableOrigin): void {
  const declarations = columns.map((column) => `${sqliteName(column)} TEXT COLLATE NOCASE`).join(", ");
  execute(library, database, "BEGIN");
  execute(library, database, `CREATE TABLE ${sqliteName(name)} (${declarations})`);
  const places = columns.map(() => "?").join(", ");
  const insert = Statement.prepare(library, database, `INSERT INTO ${sqliteName(name)} VALUES (${places})`);
  for (const row of rows) {
    if (row.length !== columns.length) {
      throw new EngineError(`A row has ${row.length} values for ${columns.length} columns`, resultCodes.ok);
    }
    insert.runWith(row);
  }
  insert.finalize();
  execute(library, database, "COMMIT");
}

interface Guard {
  callbacks: Record<keyof Callbacks, number>;
  limits: EngineLimits;
}

/** From here on, statements are an agent's: they are bounded, watched, and asked about. */
export function guardDatabase(library: SqliteLibrary, database: number, { callbacks, limits }: Guard): void {
  const { functions } = library;
  functions.sqlite3_limit(database, limitIds.length, limits.value);
  functions.sqlite3_limit(database, limitIds.likePattern, 1_000);
  functions.sqlite3_limit(database, limitIds.attached, 0);
  functions.sqlite3_limit(database, limitIds.triggerDepth, 100);
  functions.sqlite3_limit(database, limitIds.steps, 1_000_000);
  functions.sqlite3__wasm_db_config_ip(database, configDefensive, 1, 0);
  library.withText("regexp", (name) =>
    functions.sqlite3_create_function_v2(database, name, 2, utf8Deterministic, 0, callbacks.regexp, 0, 0, 0),
  );
  functions.sqlite3_set_authorizer(database, callbacks.authorize, 0);
  functions.sqlite3_progress_handler(database, stepsBetweenLooks, callbacks.progress, 0);
}
