import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { noteSkip } from "@eval/protocol/testing";
import { createConnection } from "mysql2/promise";

/** In CI nothing may be skipped: what a test needs has to be there. */
const required = process.env.EVAL_REQUIRE_SERVICES === "1";

/** The address of the MariaDB or MySQL server that tests use. */
export const mysqlAddress = process.env.EVAL_TEST_MYSQL_URL ?? "mysql://root@127.0.0.1:3306/";

/** The development split of the published data, next to the repository. */
export const developmentData = fileURLToPath(
  new URL("../../../../../shared/data/agentbench/dbbench/dev.jsonl", import.meta.url),
);

/** True if the tests have to be skipped; the reason is printed. Where services are required they run and fail. */
function skipBecause(reason: string | undefined): boolean {
  if (reason === undefined || required) return false;
  noteSkip(reason);
  return true;
}

export async function skipWithoutMysql(): Promise<boolean> {
  const reason = await createConnection(mysqlAddress).then(
    (connection) => connection.end().then(() => undefined),
    (error: Error) => `no database server at ${mysqlAddress}: ${error.message}`,
  );
  return skipBecause(reason);
}

export function skipWithoutDevelopmentData(): boolean {
  return skipBecause(existsSync(developmentData) ? undefined : `${developmentData} does not exist`);
}
