import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, it } from "vitest";
import { SqliteConnection } from "./sqlite-connection.js";
import { loadLibsql } from "./sqlite-driver.js";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

const endless = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT COUNT(*) FROM c";

it("can be interrupted although statements of it would be collected meanwhile", async () => {
  const Database = await loadLibsql(1);
  const connection = new SqliteConnection(new Database(":memory:", {}));
  for (let count = 0; count < 100; count += 1) await connection.run(`SELECT ${count}`);

  const running = connection.rows(await connection.prepare(endless), 1);
  const ended = expect(running).rejects.toThrow("interrupted");
  // Each turn of the loop gives the engine's finalisers their chance to run, and to wait for the lock.
  for (let turn = 0; turn < 50; turn += 1) {
    collectGarbage();
    await new Promise(setImmediate);
  }
  const interrupting = setInterval(() => connection.interrupt(), 10);
  await ended;
  clearInterval(interrupting);
  connection.close();
});

it("reports the error of a statement that gives no rows", async () => {
  const Database = await loadLibsql(1);
  const connection = new SqliteConnection(new Database(":memory:", {}));
  await connection.run("CREATE TABLE t (a TEXT UNIQUE)");
  await connection.run("INSERT INTO t VALUES (?)", ["x"]);
  await expect(connection.run("INSERT INTO t VALUES ('x')")).rejects.toMatchObject({
    code: expect.stringMatching(/^SQLITE_CONSTRAINT/),
  });
  connection.close();
});
