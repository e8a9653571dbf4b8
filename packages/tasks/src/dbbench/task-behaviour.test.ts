import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Message, Task } from "@eval/protocol/task";
import { createConnection, type RowDataPacket } from "mysql2/promise";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { DBBench } from "../index.js";
import { mysqlAddress, skipWithoutMysql } from "../testing/requirements.js";
import { normal, ScriptedSession, saying } from "../testing/scripted-session.js";
import { answerReply, operationReply } from "./replies.js";

// Names with everything that makes trouble: blanks, signs, quotes, a number sign, nothing at all, the same name twice,
// more than 64 characters, a trailing blank.
const headers = ["#", "Power ( MW )", 'say "hi"', "tick`s", "", "Name", "name", "long ".repeat(20), "end "];
const row = ["1", "5", "it's", "\\n", null, "Émile", "😀", 7, true];

function sample(parts: object): string {
  const table = {
    table_name: "CSI:Miami `table`",
    table_info: { columns: headers.map((name) => ({ name })), rows: [row] },
  };
  return JSON.stringify({ description: "Do it.", type: ["other"], table, label: ["5"], ...parts });
}

let configDir: string;
beforeAll(async () => {
  configDir = await mkdtemp(path.join(tmpdir(), "dbbench-"));
  const write = sample({ type: ["DELETE"], label: ["DELETE ..."], answer_md5: "[(None,)]" });
  await writeFile(path.join(configDir, "data.jsonl"), [sample({}), write].join("\n"));
});
afterAll(() => rm(configDir, { recursive: true }));

const noMysql = await skipWithoutMysql();

async function schemasLeft(): Promise<number> {
  if (noMysql) return 0;
  const connection = await createConnection(mysqlAddress);
  const [rows] = await connection.query<RowDataPacket[]>("SHOW DATABASES LIKE ?", [
    `eval\\_dbbench\\_${process.pid}\\_%`,
  ]);
  await connection.end();
  return rows.length;
}

const engines = [
  { engine: "SQLite", database: "sqlite", skip: false },
  { engine: "MySQL", database: mysqlAddress, skip: noMysql },
];

const table = "`CSI:Miami ``table```";
const endless = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n > 0) SELECT COUNT(*) FROM c";
const slow = { sqlite: endless, mysql: "SELECT SLEEP(1000)" };

describe.each(engines)("DBBench on $engine", ({ database, skip }) => {
  const test = it.skipIf(skip);
  let task: Task;
  const build = async (parameters: object = {}): Promise<Task> => {
    task = await DBBench({
      parameters: { data_file: "data.jsonl", database, allow_privileged: true, ...parameters },
      configDir,
    });
    return task;
  };
  afterEach(async () => {
    await task?.release?.();
    expect(await schemasLeft()).toBe(0);
  });

  /** What the agent sees of a statement. */
  const outcomes = async (...statements: string[]): Promise<string[]> => {
    const session = saying(...statements.map(operationReply), answerReply("['5']"));
    await (await build({ max_round: statements.length })).startSample(0, session);
    return session.history
      .filter(({ role }) => role === "user")
      .slice(1)
      .map(({ content }) => content);
  };

  test("shows a table whose names are all but plain", async () => {
    const [all, some] = await outcomes(`SELECT * FROM ${table}`, `SELECT \`Power ( MW )\` + 1, \`#\` FROM ${table}`);
    expect(all).toBe(`[('1', '5', "it's", '\\\\n', None, 'Émile', '😀', '7', '1')]`);
    expect(some).toBe(database === "sqlite" ? "[(6, '1')]" : "[(6.0, '1')]");
  });

  test("shows errors, cuts long output, and takes one statement at a time", async () => {
    const seen = await outcomes(
      "SELECT * FROM nowhere",
      `INSERT INTO ${table} (\`#\`) VALUES ('x'); DROP TABLE ${table}`,
      `UPDATE ${table} SET \`#\` = 'It\\'s'`,
      `SELECT \`#\`, COUNT(*) FROM ${table} GROUP BY \`#\``,
      `SELECT REPLACE('${"x".repeat(900)}', 'y', 'z')`,
      "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 900) SELECT n FROM c LIMIT 900",
    );
    expect(seen[0]).toContain("nowhere");
    expect(seen[0]).not.toContain("eval_dbbench");
    expect(seen.slice(1, 4)).toEqual([expect.stringContaining("Only one statement"), "[]", `[("It's", 1)]`]);
    expect(seen[4]).toBe(`[('${"x".repeat(797)}[TRUNCATED]`);
    expect(seen[5]).toMatch(/^\[\(1,\), \(2,\).{789}\[TRUNCATED\]$/s);
  });

  test("compares texts without regard to case, and keeps nothing open", async () => {
    const seen = await outcomes(
      `SELECT \`#\` FROM ${table} WHERE Name = 'émile' OR \`say "hi"\` = 'IT''S'`,
      "BEGIN",
      "ROLLBACK",
    );
    expect(seen[0]).toBe("[('1',)]");
  });

  test("does not block other sessions while statements run, and stops statements at the timeout", async () => {
    const statement = database === "sqlite" ? slow.sqlite : slow.mysql;
    const stuckSessions = () =>
      Array.from({ length: 12 }, () => saying(operationReply(statement), answerReply("['5']")));
    await build({ statement_timeout_s: 120, concurrency: 16 });
    let stopped = 0;
    const sessions = stuckSessions();
    const stuck = sessions.map(async (session) => {
      await task.startSample(0, session);
      stopped += 1;
    });
    for (let round = 0; round < 5; round += 1) {
      const session = saying(operationReply(`SELECT * FROM ${table}`), answerReply("['5']"));
      expect(await task.startSample(0, session)).toMatchObject({ status: "completed", result: { correct: true } });
    }
    expect(stopped).toBe(0);
    for (const session of sessions) session.abort();
    await Promise.all(stuck);
    await task.release?.();

    await build({ statement_timeout_s: 0.5, concurrency: 16 });
    const timed = stuckSessions();
    await Promise.all(timed.map((session) => task.startSample(0, session)));
    const texts = timed.map((session) => session.history[2]?.content);
    expect(new Set(texts)).toEqual(new Set(["The statement was stopped because it ran for more than 0.5 s"]));
  });

  test("continues a session after its statement was stopped", async () => {
    await build({ statement_timeout_s: 1 });
    const statement = database === "sqlite" ? slow.sqlite : slow.mysql;
    const session = saying(operationReply(statement), operationReply(`SELECT \`#\` FROM ${table}`), answerReply("x"));
    expect(await task.startSample(0, session)).toMatchObject({ status: "completed", result: { correct: false } });
    expect(session.history[4]?.content).toBe("[('1',)]");
  });

  test("never reads an endless result to its end", async () => {
    const rows =
      "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 20000000) SELECT n FROM c LIMIT 20000000";
    const [shown] = await outcomes(rows);
    expect(shown).toMatch(/^(\[\(1,\), \(2,\).*\[TRUNCATED\]$|The statement was stopped)/s);
  });

  test("ends and drops the database when the session is aborted", async () => {
    await build();
    let first = true;
    const session: ScriptedSession = new ScriptedSession(() => {
      if (!first) return new Promise(() => {});
      first = false;
      setTimeout(() => session.abort(), 100);
      return normal(operationReply(database === "sqlite" ? slow.sqlite : slow.mysql));
    });
    expect(await task.startSample(0, session)).toEqual({ status: "unknown", result: null });
    expect(await schemasLeft()).toBe(0);
  });

  test("drops the remaining databases at its release, even during a statement", async () => {
    await build();
    const running = task.startSample(0, saying(operationReply(database === "sqlite" ? slow.sqlite : slow.mysql)));
    const ended = running.catch((error: unknown) => error);
    await expect.poll(async () => database === "sqlite" || (await schemasLeft())).toBeTruthy();
    await task.release?.();
    expect(await schemasLeft()).toBe(0);
    await ended;
  });

  test("reports how a conversation ended", async () => {
    await build({ max_round: 2 });
    const operation = operationReply("SELECT 1");
    const statusOf = async (session: ScriptedSession) => (await task.startSample(0, session)).status;

    expect(await statusOf(saying(operation, operation, answerReply("5")))).toBe("completed");
    expect(await statusOf(saying(operation, operation, operation))).toBe("task limit reached");
    expect(await statusOf(saying(operation, "I do not know"))).toBe("agent validation failed");
    const ending = (status: "cancelled" | "agent context limit") =>
      new ScriptedSession(() => ({ status, content: null }));
    expect(await statusOf(ending("cancelled"))).toBe("unknown");
    expect(await statusOf(ending("agent context limit"))).toBe("agent context limit");
    await expect(task.startSample(9, saying())).rejects.toThrow("Sample 9 does not exist");
  });

  test("scores a sample that writes by the content of the table at the end", async () => {
    await build();
    const after = async (statement: string) =>
      (await task.startSample(1, saying(operationReply(statement), "?"))).result;

    expect(await after(`DELETE FROM ${table}`)).toMatchObject({ answer: "[(None,)]", correct: true, type: "DELETE" });
    expect(await after("SELECT 1")).toMatchObject({
      answer: expect.stringMatching(/^\[\('[0-9a-f]{32}',\)\]$/),
      correct: false,
    });
    expect(await after(`DROP TABLE ${table}`)).toMatchObject({ answer: "[]", correct: false });
  });

  test("gives the agent a prompt with the question in it, and no answer", async () => {
    let seen: readonly Message[] = [];
    const session = new ScriptedSession((history) => {
      seen = [...history];
      return normal(answerReply("5"));
    });
    await (await build()).startSample(0, session);
    expect(seen).toHaveLength(1);
    expect(seen[0]).toMatchObject({ role: "user", content: expect.stringContaining("\nDo it.") });
  });
});

it("keeps an embedded database away from the host's files", async () => {
  const file = path.join(configDir, "stolen.db");
  const session = saying(
    operationReply(`ATTACH '${file}' AS x`),
    operationReply(`VACUUM INTO '${file}'`),
    answerReply("x"),
  );
  const task = await DBBench({ parameters: { data_file: "data.jsonl" }, configDir });
  await task.startSample(0, session);
  expect([session.history[2]?.content, session.history[4]?.content]).toEqual([
    "ATTACH is not allowed here",
    "VACUUM is not allowed here",
  ]);
});
