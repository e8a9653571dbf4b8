import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import type { Task } from "@eval/protocol/task";
import { type Connection, createConnection, type RowDataPacket } from "mysql2/promise";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { DBBench, DBBenchReferenceAgent } from "../../index.js";
import { evaluate } from "../../testing/evaluate.js";
import { mysqlAddress, skipWithoutMysql } from "../../testing/requirements.js";
import { normal, ScriptedSession, saying } from "../../testing/scripted-session.js";
import { answerReply, operationReply } from "../replies.js";
import { accountOf, creationOf, removalOf } from "./sample-account.js";
import { hostMark, userOf } from "./sample-schema.js";

const script = fileURLToPath(new URL("../../../sql/dbbench-worker-user.sql", import.meta.url));
const skip = await skipWithoutMysql();
const unique = randomBytes(4).toString("hex");
const worker = `eval_test_${unique}`;
const password = `p-${unique}`;
const sample = {
  description: "Do it.",
  type: ["other"],
  table: { table_name: "t", table_info: { columns: [{ name: "a" }], rows: [["1"], ["2"]] } },
  label: ["1"],
};
const write = { ...sample, type: ["DELETE"], label: ["DELETE FROM t"], answer_md5: "[(None,)]" };

let admin: Connection;
let configDir: string;

/** The address of the test's server for another user. */
function addressFor(user: string): string {
  const url = new URL(mysqlAddress);
  [url.username, url.password] = [user, password];
  return url.href;
}

beforeAll(async () => {
  configDir = await mkdtemp(path.join(tmpdir(), "dbbench-isolation-"));
  await writeFile(path.join(configDir, "data.jsonl"), [sample, write].map((line) => JSON.stringify(line)).join("\n"));
  if (skip) return;
  admin = await createConnection({ uri: mysqlAddress, multipleStatements: true });
  await admin.query(
    (await readFile(script, "utf8")).replaceAll("eval_worker", worker).replaceAll("CHANGE_ME", password),
  );
});
afterAll(async () => {
  await rm(configDir, { recursive: true });
  if (skip) return;
  await admin.query(`DROP USER '${worker}'@'%'`);
  await admin.end();
});

/** What this process has on the server: its samples' schemas, and the users that belong to them. */
async function ours(): Promise<{ schemas: string[]; users: string[] }> {
  const [rows] = await admin.query<RowDataPacket[]>("SHOW DATABASES LIKE ?", [
    `eval\\_dbbench\\_${process.pid}\\_${hostMark()}\\_%`,
  ]);
  const schemas = rows.map((row) => String(Object.values(row)[0]));
  const [accounts] = await admin.query<RowDataPacket[]>("SELECT User AS name FROM mysql.user");
  const users = accounts.map(({ name }) => String(name)).filter((name) => schemas.map(userOf).includes(name));
  return { schemas, users };
}

async function usersNamed(user: string): Promise<number> {
  const [rows] = await admin.query<RowDataPacket[]>("SELECT 1 FROM mysql.user WHERE User = ?", [user]);
  return rows.length;
}

describe.skipIf(skip)("a sample on a database server", () => {
  let task: Task;
  const build = async (database: string, parameters: object = {}): Promise<Task> => {
    task = await DBBench({ parameters: { data_file: "data.jsonl", database, ...parameters }, configDir });
    return task;
  };
  afterEach(async () => {
    await task?.release?.();
    expect(await ours()).toEqual({ schemas: [], users: [] });
  });

  it("is evaluated by the user that the script makes", { timeout: 60_000 }, async () => {
    const data_file = "data/dbbench-mini.jsonl";
    task = await DBBench({ parameters: { data_file, database: addressFor(worker) }, configDir });
    const agent = await DBBenchReferenceAgent({ parameters: { data_file }, configDir });
    const { overall, outputs } = await evaluate(task, agent);
    expect(outputs.length).toBeGreaterThan(60);
    expect(overall).toMatchObject({ overall_cat_accuracy: 1, UPDATE_accuracy: 1, INSERT_accuracy: 1 });
  });

  it.each([
    ["the user that the script makes", addressFor(worker), {}],
    ["an administrator", mysqlAddress, { allow_privileged: true }],
  ])("reaches nothing but its own schema under %s", async (_, database, parameters) => {
    await build(database, { max_round: 50, ...parameters });
    const out = path.join(configDir, "out");
    let other = "";
    let otherThread = 0;
    const statements = (): [string, RegExp][] => [
      [`SELECT * FROM ${other}.t`, /^1142 .* denied/],
      [`INSERT INTO ${other}.t VALUES ('x')`, /^1142 .* denied/],
      [`DROP DATABASE ${other}`, /^1044 .* denied/],
      ["CREATE DATABASE eval_dbbench_1_more", /^1044 .* denied/],
      ["SELECT * FROM mysql.user", /^1142 .* denied/],
      ["SELECT LOAD_FILE('/etc/passwd')", /^\[\(None,\)\]$/],
      [`SELECT 1 INTO OUTFILE '${out}'`, /denied/],
      [`SELECT 1 INTO DUMPFILE '${out}'`, /denied/],
      ["LOAD DATA INFILE '/etc/passwd' INTO TABLE t", /denied/],
      ["LOAD DATA LOCAL INFILE '/etc/passwd' INTO TABLE t", /^(1148|3948|4166) /],
      ["SELECT SCHEMA_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME LIKE 'eval%'", /^\[\('eval\w+',\)\]$/],
      [`KILL ${otherThread}`, /^1095 /],
      ["CREATE USER 'eval_more'@'%'", /^1227 .* denied/],
      ["GRANT SELECT ON *.* TO CURRENT_USER()", /denied/],
      ["GRANT SELECT ON t TO 'root'@'127.0.0.1'", /denied/],
      ["SET GLOBAL max_connections = 1", /^1227 .* denied/],
      ["CREATE EVENT e ON SCHEDULE EVERY 1 SECOND DO SELECT 1", /^1044 .* denied/],
      ["CREATE FUNCTION lib RETURNS STRING SONAME 'lib_mysqludf_sys.so'", /denied/],
      ["INSTALL SONAME 'ha_connect'", /denied|1064/],
      ["FLUSH TABLES", /^1227 .* denied/],
      ["SHUTDOWN", /^1227 .* denied/],
      ["SELECT COUNT(*) FROM t", /^\[\(2,\)\]$/],
    ];
    const lookups = ["SHOW DATABASES", "SHOW PROCESSLIST"];

    // The other sample has to be there while this one runs.
    let finish = (): void => {};
    const finished = new Promise<void>((resolve) => {
      finish = resolve;
    });
    let ready = (): void => {};
    const isReady = new Promise<void>((resolve) => {
      ready = resolve;
    });
    let round = 0;
    const waiting = task.startSample(
      0,
      new ScriptedSession(async () => {
        round += 1;
        if (round === 1) return normal(operationReply("SELECT 1"));
        ready();
        await finished;
        return normal(answerReply("['1']"));
      }),
    );
    await isReady;
    [other = ""] = (await ours()).schemas;
    const [threads] = await admin.query<RowDataPacket[]>("SHOW PROCESSLIST");
    otherThread = threads.find((thread) => thread.User === userOf(other))?.Id;
    expect(otherThread).toBeGreaterThan(0);

    const tries = statements();
    const session = saying(
      ...[...tries.map(([statement]) => statement), ...lookups].map(operationReply),
      answerReply("['1']"),
    );
    await task.startSample(0, session);
    finish();
    expect(await waiting).toMatchObject({ status: "completed" });

    const seen = session.history.filter(({ role }) => role === "user").map(({ content }) => content);
    for (const [index, [statement, expected]] of tries.entries()) {
      expect.soft(seen[index + 1], statement).toMatch(expected);
      expect.soft(seen[index + 1], statement).not.toContain(userOf(other));
    }
    expect(existsSync(out)).toBe(false);
    const [databases = "", processes = ""] = seen.slice(-lookups.length);
    expect(databases).toMatch(/^\[\('eval_dbbench_\w+',\), \('information_schema',\)(, \('test',\))?\]$/);
    expect(databases).not.toContain(other);
    expect(processes).not.toContain(userOf(other));
    expect(processes.match(/'eval_dbbench_[0-9a-f]{12}'/g)?.length).toBe(processes.match(/\(\d+, '/g)?.length);
  });

  it("continues after the agent has changed its password", async () => {
    await build(addressFor(worker), { statement_timeout_s: 0.3 });
    const session = saying(
      ...["SET PASSWORD = PASSWORD('mine')", "SELECT SLEEP(1000)", "DELETE FROM t"].map(operationReply),
      answerReply("x"),
    );
    const { result } = await task.startSample(1, session);
    expect(session.history[4]?.content).toBe("The statement was stopped because it ran for more than 0.3 s");
    expect(result).toMatchObject({ answer: "[(None,)]", correct: true });
  });

  it("leaves no statement interrupted but the one that took too long", { timeout: 60_000 }, async () => {
    await build(addressFor(worker), { statement_timeout_s: 0.2, max_round: 40 });
    const statements = Array.from({ length: 20 }, () => ["SELECT SLEEP(1000)", "SELECT COUNT(*) FROM t"]).flat();
    const session = saying(...statements.map(operationReply), answerReply("['1']"));
    await task.startSample(0, session);
    const seen = session.history.filter(({ role }) => role === "user").map(({ content }) => content);
    expect(new Set(seen.filter((_, index) => index > 0 && index % 2 === 0))).toEqual(new Set(["[(2,)]"]));
  });
});

describe.skipIf(skip)("the configured user of a database server", () => {
  const build = (database: string) => DBBench({ parameters: { data_file: "data.jsonl", database }, configDir });

  it("is rejected with more privileges than a worker needs", async () => {
    const building = build(mysqlAddress);
    await expect(building).rejects.toMatchObject({ code: "CONFIG_INVALID" });
    for (const part of ["ALL PRIVILEGES on *.*", "sql/dbbench-worker-user.sql", "allow_privileged"]) {
      await expect(building).rejects.toThrow(part);
    }
  });

  it("is rejected with too few privileges", async () => {
    const user = `eval_few_${unique}`;
    await admin.query(`CREATE USER '${user}'@'%' IDENTIFIED BY '${password}'`);
    await admin.query(`GRANT CREATE, DROP ON \`eval\\_dbbench\\_%\`.* TO '${user}'@'%'`);
    try {
      const building = build(addressFor(user));
      await expect(building).rejects.toMatchObject({ code: "START_FAILED" });
      await expect(building).rejects.toThrow("cannot create the schema and the user of a sample");
    } finally {
      await admin.query(`DROP USER '${user}'@'%'`);
    }
    expect((await ours()).schemas).toEqual([]);
  });

  it("drops the schemas of a killed worker of this host, and nothing else", async () => {
    const [[row]] = await admin.query<RowDataPacket[]>("SELECT USER() AS name");
    const host = String(row?.name).split("@")[1] ?? "";
    const random = () => randomBytes(6).toString("hex");
    const dead = accountOf(`eval_dbbench_${2 ** 22 + 1}_${hostMark()}_${random()}`, host);
    const alive = accountOf(`eval_dbbench_1_${hostMark()}_${random()}`, host);
    const elsewhere = accountOf(`eval_dbbench_${2 ** 22 + 1}_${random()}_${random()}`, host);
    const accounts = [dead, alive, elsewhere];
    for (const sql of accounts.flatMap(creationOf)) await admin.query(sql);

    try {
      await (await build(addressFor(worker))).release?.();

      const [rows] = await admin.query<RowDataPacket[]>("SHOW DATABASES LIKE 'eval%'");
      const schemas = rows.map((found) => Object.values(found)[0]);
      expect(accounts.map(({ schema }) => schemas.includes(schema))).toEqual([false, true, true]);
      expect(await Promise.all(accounts.map(({ user }) => usersNamed(user)))).toEqual([0, 1, 1]);
    } finally {
      for (const sql of accounts.flatMap(removalOf)) await admin.query(sql);
    }
  });
});
