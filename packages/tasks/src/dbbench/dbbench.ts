import type { BuildContext, Task } from "@eval/protocol/task";
import { readDataFile } from "../data-file.js";
import { readParameters } from "../parameters.js";
import { dataVersion, parseDataSet } from "./data-set.js";
import type { DatabaseServer } from "./database.js";
import { createTask } from "./dbbench-task.js";
import { type DBBenchParameters, dbbenchParametersSchema } from "./parameters.js";

/**
 * Builds the database task. Parameters: `data_file` (required), `name` ("dbbench"), `concurrency` (8), `max_round` (5),
 * `database` ("sqlite", or the address of a MariaDB or MySQL server), `statement_timeout_s` (30),
 * `memory_limit_mb` (64), `allow_privileged` (false).
 *
 * Rejects with CONFIG_INVALID for wrong parameters or data and for a server's user with too many rights, CONFIG_NOT_FOUND for a missing data file, START_FAILED for
 * a server that cannot be used.
 */
export async function DBBench({ parameters, configDir }: BuildContext<unknown>): Promise<Task> {
  const read = readParameters("DBBench", dbbenchParametersSchema, parameters);
  const file = await readDataFile(read.data_file, configDir);
  const samples = parseDataSet(file);
  const server = await openServer(read);
  return createTask({ parameters: read, samples, version: dataVersion(file), server });
}

/** Loads the driver of the one engine that is used. */
async function openServer(parameters: DBBenchParameters): Promise<DatabaseServer> {
  const timeoutMs = parameters.statement_timeout_s * 1000;
  if (parameters.database === "sqlite") {
    const { openSqliteServer } = await import("./sqlite/sqlite-server.js");
    return openSqliteServer({ timeoutMs, memoryMb: parameters.memory_limit_mb });
  }
  const { MysqlServer } = await import("./mysql/mysql-server.js");
  return MysqlServer.open({
    address: parameters.database,
    timeoutMs,
    allowPrivileged: parameters.allow_privileged,
  });
}
