import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { lockOutput } from "./output-lock.js";
import { isProvablyDead, ownIdentity } from "./process-identity.js";

const now = () => 0;
let output: string;

beforeEach(async () => {
  output = await mkdtemp(join(tmpdir(), "lock-"));
});
afterEach(() => rm(output, { recursive: true }));

const lockFile = () => join(output, ".lock");
const readLock = async () => JSON.parse(await readFile(lockFile(), "utf8"));

describe("the lock", () => {
  test("belongs to one writer, and names it to the next one", async () => {
    const lock = await lockOutput(output, { now });
    const refused = await lockOutput(output, { now }).catch((error: unknown) => error);
    expect(refused).toMatchObject({
      code: "OUTPUT_LOCKED",
      message: expect.stringContaining(`process ${process.pid}`),
    });
    expect(refused).toMatchObject({ message: expect.stringContaining("--force-unlock") });
    await lock.release();
    await lock.release();
    await (await lockOutput(output, { now })).release();
    expect(await readdir(output)).toEqual([]);
  });

  test("creates the folder", async () => {
    await (await lockOutput(join(output, "a", "b"), { now })).release();
    expect(existsSync(join(output, "a", "b"))).toBe(true);
  });

  test("can be forced; then the first holder's release does not remove it", async () => {
    const first = await lockOutput(output, { now });
    const second = await lockOutput(output, { now, force: true });
    await first.release();
    expect(existsSync(lockFile())).toBe(true);
    await second.release();
    expect(existsSync(lockFile())).toBe(false);
  });

  test("is not taken over if it is unreadable or of another host", async () => {
    const lock = await lockOutput(output, { now });
    await writeFile(lockFile(), JSON.stringify({ ...(await readLock()), host: "elsewhere", pid: 999_999_999 }));
    await expect(lockOutput(output, { now })).rejects.toMatchObject({
      message: expect.stringContaining("host elsewhere"),
    });
    await writeFile(lockFile(), "");
    await expect(lockOutput(output, { now })).rejects.toMatchObject({
      message: expect.stringContaining("cannot be read"),
    });
    await lock.release();
  });
});

describe("proof of death", () => {
  test("needs the same host, machine and namespace", async () => {
    const own = { ...(await ownIdentity()), machine: "m", boot: "b", namespace: "n", started: "1" };
    const gone = { ...own, pid: 999_999_999 };
    expect(await isProvablyDead(own, { ...own, started: "1" })).toBe(process.platform === "linux");
    expect(await isProvablyDead(gone, own)).toBe(true);
    expect(await isProvablyDead({ ...own, started: null }, own)).toBe(false);
    expect(await isProvablyDead({ ...gone, host: "other" }, own)).toBe(false);
    expect(await isProvablyDead({ ...gone, machine: "other" }, own)).toBe(false);
    expect(await isProvablyDead({ ...gone, namespace: "other" }, own)).toBe(false);
    expect(await isProvablyDead({ ...own, boot: "earlier" }, own)).toBe(true);
    expect(await isProvablyDead({ ...own, boot: "earlier", machine: null }, { ...own, machine: null })).toBe(false);
  });
});
