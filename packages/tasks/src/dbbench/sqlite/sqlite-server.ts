import type { SampleTable } from "../data-set.js";
import type { DatabaseServer } from "../database.js";
import { distinct } from "../identifiers.js";
import { OpenDatabases } from "../open-databases.js";
import { storedText } from "../stored-text.js";
import { engineLimits } from "./engine-limits.js";
import type { EngineOrigin } from "./engine-messages.js";
import { EngineSession } from "./engine-session.js";
import { EngineThreads } from "./engine-threads.js";
import { SqliteDatabase } from "./sqlite-database.js";

export interface SqliteOptions {
  timeoutMs: number;
  /** Memory of the engine of one sample, in MiB. */
  memoryMb: number;
}

/** Embedded databases in memory, one for each sample, each in its own thread and engine. */
export async function openSqliteServer({ timeoutMs, memoryMb }: SqliteOptions): Promise<DatabaseServer> {
  const threads = await EngineThreads.open();
  const open = new OpenDatabases<SqliteDatabase>();
  const limits = engineLimits(memoryMb);
  const create = async (table: SampleTable): Promise<SqliteDatabase> => {
    const session = new EngineSession(threads, limits, originOf(table));
    await session.open(new AbortController().signal);
    return new SqliteDatabase(session, table, timeoutMs, (database) => open.remove(database));
  };
  return {
    dialect: "sqlite",
    create: (table) => open.add(() => create(table)),
    release: async () => {
      await open.dropAll();
      await threads.release();
    },
  };
}

function originOf(table: SampleTable): EngineOrigin {
  const { columns, rows } = table.table_info;
  return {
    kind: "table",
    name: table.table_name,
    columns: distinct(columns.map((column) => column.name)),
    rows: rows.map((row) => row.map(storedText)),
  };
}
