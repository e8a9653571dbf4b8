import { describe, expect, test } from "vitest";
import { readAddress, shownAddress } from "./redis-address.js";

describe("the address of a Redis", () => {
  test("has host, port, database, user and password", async () => {
    const options = await readAddress({ url: "redis://me:a%40b@[::1]:7000/2" });
    expect(options).toEqual({ host: "::1", port: 7000, db: 2, username: "me", password: "a@b" });
    expect(await readAddress({ url: "redis://cache.example" })).toEqual({ host: "cache.example", port: 6379, db: 0 });
    expect(await readAddress({ url: "rediss://cache.example" })).toMatchObject({ tls: {} });
  });

  test("is shown without its password", async () => {
    expect(shownAddress("rediss://me:secret@host:1/0")).toBe("rediss://me:***@host:1/0");
    expect(shownAddress("redis://:secret@host")).toBe("redis://:***@host");
    expect(shownAddress("redis://host:6379")).toBe("redis://host:6379");
    expect(shownAddress("redis://:p@secret@host")).toBe("redis://:***@host");
    const slash = readAddress({ url: "redis://me:sec/ret@host:6379" });
    await expect(slash).rejects.toMatchObject({ code: "USAGE", message: expect.not.stringMatching(/sec|ret/) });
    const wrong = readAddress({ url: "http://:secret@host" });
    await expect(wrong).rejects.toMatchObject({ code: "USAGE", message: expect.not.stringContaining("secret") });
  });

  test.each(["", "localhost:6379", "http://localhost", "redis://host/name"])("is not %j", async (url) => {
    await expect(readAddress({ url })).rejects.toMatchObject({ code: "USAGE" });
  });

  test("goes with certificates only for TLS", async () => {
    await expect(readAddress({ url: "redis://host", caFile: "/ca.pem" })).rejects.toMatchObject({ code: "USAGE" });
    await expect(readAddress({ url: "rediss://host", caFile: "/none.pem" })).rejects.toThrow("/none.pem");
  });
});
