import { type Logger, silentLogger } from "@eval/protocol/logger";
import { noteSkip } from "@eval/protocol/testing";
import { describe, expect, test } from "vitest";
import { RedisLink } from "./redis-link.js";

const url = process.env.EVAL_TEST_REDIS_URL ?? "redis://127.0.0.1:6379";
const open = (timeoutMs: number, logger: Logger = silentLogger) =>
  RedisLink.open({ url, timeoutMs, keepMs: 60_000, logger });
const isMissing = await open(1_000).then(
  (link) => link.close(),
  () => true,
);
if (isMissing) noteSkip(`no Redis at ${url}`);

describe.skipIf(isMissing && process.env.EVAL_REQUIRE_SERVICES !== "1")("the link to a Redis", () => {
  test("tries again what a full Redis refuses, and says so once", async () => {
    const warnings: string[] = [];
    const link = await open(30_000, { ...silentLogger, warn: (text: string) => warnings.push(text) } as Logger);
    let calls = 0;
    const full = async () => {
      calls += 1;
      if (calls < 3) throw new Error("OOM command not allowed when used memory > 'maxmemory'.");
      return "written";
    };
    expect(await link.persist(full)).toBe("written");
    expect(warnings).toEqual([expect.stringContaining("OOM command not allowed")]);
    link.close();
  });

  test("is broken when a Redis refuses for too long", async () => {
    const link = await open(300);
    const refused = link.persist(() => Promise.reject(new Error("MISCONF Redis is configured to save")));
    await expect(refused).rejects.toMatchObject({
      code: "REDIS_UNREACHABLE",
      message: expect.stringMatching(/MISCONF/),
    });
    expect(link.broken.aborted).toBe(true);
  });

  test("rejects once it is closed", async () => {
    const link = await open(30_000);
    link.close();
    await expect(link.persist(() => link.redis.ping())).rejects.toThrow("Connection is closed");
  });
});
