import {
  appendFile,
  copyFile,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  truncate,
  utimes,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { detachJournals } from "./detach-journals.js";
import { writeFileDurably } from "./durable-files.js";
import type { RunRecord } from "./journal-record.js";
import { lockOutput } from "./output-lock.js";
import { RunLog } from "./run-log.js";
import { removeStaleTemporaries } from "./stale-temporaries.js";

const now = () => 0;
let output: string;
beforeEach(async () => {
  output = await mkdtemp(join(tmpdir(), "foreign-"));
});
afterEach(() => rm(output, { recursive: true, force: true }));

function record(index: number, task = "db"): RunRecord {
  const result = { index, status: "completed" as const, result: true, history: [] };
  return { agent: "model", task, epoch: 1, index, error: null, info: null, output: result };
}

const file = (task = "db") => join(output, "model", task, "runs.jsonl");
const lines = async (task = "db") => (await readFile(file(task), "utf8")).split("\n").filter((line) => line !== "");

/** Changes that another program may make to a journal. */
const changes: Record<string, (path: string) => Promise<unknown>> = {
  "deletes the file": (path) => rm(path),
  "deletes the whole folder": () => rm(output, { recursive: true }),
  "replaces the file with a copy": async (path) => {
    await copyFile(path, `${path}.copy`);
    await rename(`${path}.copy`, path);
  },
  "empties the file": (path) => truncate(path, 0),
  "appends to the file": (path) => appendFile(path, '{"index":9}\n'),
};

describe.each(Object.entries(changes))("another program %s during a run", (_, change) => {
  // With one file open at once, writing to a second cell closes the first one's file.
  test.each([1, 64])("so the next result and all later ones are refused (open files: %i)", async (maxOpenFiles) => {
    const log = new RunLog(output, { now, maxOpenFiles });
    await log.append(record(1));
    await log.append(record(1, "other"));
    await change(file());
    const refused = await log.append(record(2)).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: "OUTPUT_WRITE_FAILED" });
    expect(refused).toMatchObject({
      message: expect.stringMatching(/runs\.jsonl was (deleted|replaced or changed) by another program/),
    });
    await expect(log.append(record(3, "third"))).rejects.toBe(refused);
    await log.close();
  });

  test("so the end of the run fails", async () => {
    const log = new RunLog(output, { now });
    await log.append(record(1));
    await log.assertInPlace();
    await change(file());
    await expect(log.assertInPlace()).rejects.toMatchObject({ code: "OUTPUT_WRITE_FAILED" });
    await log.close();
  });
});

describe("a lost lock", () => {
  test("stops its holder before the next write, of results and of files", async () => {
    const lock = await lockOutput(output, { now });
    const log = new RunLog(output, { now, lock });
    await log.append(record(1));
    const next = await lockOutput(output, { now, force: true });
    const refused = await log.append(record(2)).catch((error: unknown) => error);
    expect(refused).toMatchObject({
      code: "OUTPUT_LOCKED",
      message: expect.stringContaining(`process ${process.pid} on host`),
    });
    expect(await lines()).toHaveLength(1);
    const writing = writeFileDurably(join(output, "overall.json"), "{}", log.assertHeld);
    await expect(writing).rejects.toMatchObject({ code: "OUTPUT_LOCKED" });
    expect(await readdir(output)).not.toContain("overall.json");
    await next.assertHeld();
    await log.close();
    await next.release();
  });

  test.each([
    ["removed", () => rm(join(output, ".lock"))],
    ["overwritten", () => writeFile(join(output, ".lock"), "{}")],
  ])("with its file %s also stops its holder", async (how, change) => {
    const lock = await lockOutput(output, { now });
    await lock.assertHeld();
    await change();
    await expect(lock.assertHeld()).rejects.toMatchObject({
      code: "OUTPUT_LOCKED",
      message: expect.stringContaining(`/.lock was ${how}: another process took`),
    });
  });

  test("is still held if its file was only replaced with a copy, with the same token", async () => {
    const lock = await lockOutput(output, { now });
    await lock.assertHeld();
    await copyFile(join(output, ".lock"), join(output, "copy"));
    await rename(join(output, "copy"), join(output, ".lock"));
    await lock.assertHeld();
    await lock.release();
  });

  test("cannot be bypassed: a holder that was suspended between its check and its write only loses the write", async () => {
    let resume = () => {};
    const suspended = new Promise<void>((resolve) => {
      resume = resolve;
    });
    let checks = 0;
    const lock = await lockOutput(output, { now });
    const assertHeld = async () => {
      await lock.assertHeld();
      checks += 1;
      // The last check before the second write.
      if (checks === lastCheck) await suspended;
    };
    let lastCheck = Number.POSITIVE_INFINITY;
    const log = new RunLog(output, { now, lock: { assertHeld } });
    await log.append(record(1));
    lastCheck = checks * 2;
    const late = log.append(record(2));
    await expect.poll(() => checks).toBe(lastCheck);
    const next = await lockOutput(output, { now, force: true });
    await detachJournals(output);
    resume();
    await expect(late).rejects.toMatchObject({ code: "OUTPUT_LOCKED" });
    expect(await lines()).toHaveLength(1);
    await log.close();
    await next.release();
  });
});

describe("temporary files of killed writers", () => {
  test("are removed anywhere in the folder, except those of a process that is taking the lock; other files stay", async () => {
    const log = new RunLog(output, { now });
    await log.append(record(1));
    await log.close();
    const left = [`config.yaml.1.${"a".repeat(12)}.tmp`, `model/db/overall.json.4194305.${"0".repeat(12)}.tmp`];
    const kept = ["config.yaml", "notes.tmp", "model/db/x.12.tmp", `.lock.7.${"b".repeat(12)}.tmp`];
    const oldLock = `.lock.9.${"c".repeat(12)}.tmp`;
    for (const name of [...left, ...kept, oldLock]) await writeFile(join(output, name), "");
    await utimes(join(output, oldLock), 0, 0);
    await removeStaleTemporaries(output, Date.now());
    const names = await readdir(output, { recursive: true });
    expect(names.sort()).toEqual([...kept, "model", "model/db", "model/db/runs.jsonl"].sort());
  });
});
