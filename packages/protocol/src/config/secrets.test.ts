// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references are written like this
import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { CodedError } from "../error.js";
import { redactError } from "./redact-error.js";
import { isSecretKey } from "./secret-keys.js";
import { collectSecrets, maskSecrets, redact } from "./secrets.js";

describe("isSecretKey", () => {
  it.each([
    "authorization",
    "Authorization",
    "Proxy-Authorization",
    "api_key",
    "apikey",
    "apiKey",
    "API_KEY",
    "api-key",
    "x-api-key",
    "openai_api_key",
    "token",
    "access_token",
    "HF_TOKEN",
    "password",
    "db_password",
    "passwd",
    "secret",
    "clientSecret",
    "AWS_SECRET_ACCESS_KEY",
    "private_key",
    "Cookie",
  ])("knows %s", (key) => expect(isSecretKey(key)).toBe(true));

  it.each([
    "max_tokens",
    "maxTokens",
    "tokens",
    "eos_token",
    "max_token",
    "tokenizer",
    "token_count",
    "key",
    "keys",
    "author",
    "secretary",
    "password_file",
    "model",
  ])("leaves %s", (key) => expect(isSecretKey(key)).toBe(false));
});

describe("maskSecrets", () => {
  it("masks literals, keeps references, and reports the masked keys", () => {
    const value = {
      agents: [{ headers: { Authorization: "Bearer sk-1", Accept: "json" }, max_tokens: 10, password: 1234 }],
      api_key: "${env:KEY}",
      token: "Bearer ${env:KEY}",
      secret: "${env:A}-literal",
      password: "${env:PW:-hunter2}",
      local: { api_key: "none" },
      credentials: { user: "u", keys: ["k"] },
    };
    const before = structuredClone(value);
    expect(maskSecrets(value)).toEqual({
      value: {
        agents: [{ headers: { Authorization: "***", Accept: "json" }, max_tokens: 10, password: "***" }],
        api_key: "${env:KEY}",
        token: "Bearer ${env:KEY}",
        secret: "***",
        password: "${env:PW:-***}",
        local: { api_key: "none" },
        credentials: { user: "***", keys: ["***"] },
      },
      masked: [
        "agents[0].headers.Authorization",
        "agents[0].password",
        "secret",
        "password",
        "credentials.user",
        "credentials.keys[0]",
      ],
    });
    expect(value).toEqual(before);
  });

  it("does not take a mapping for a secret: a task may be called token", () => {
    const value = { task: { token: { module: "m", parameters: { name: "token" } } } };
    expect(maskSecrets(value)).toEqual({ value, masked: [] });
  });

  it("masks credentials inside addresses", () => {
    const value = {
      database: "mysql://root:p@ss:w@host:3306/db",
      proxy: "see http://:t0ken@a/ and https://b:c@d",
      plain: "mysql://root@host/ http://h:80/x@y",
      reference: "redis://u:${env:PW}@h",
      query: "https://x/?api_key=abc&n=1&key=d",
    };
    expect(maskSecrets(value)).toEqual({
      value: {
        database: "mysql://root:***@host:3306/db",
        proxy: "see http://:***@a/ and https://b:***@d",
        plain: value.plain,
        reference: value.reference,
        query: "https://x/?api_key=***&n=1&key=***",
      },
      masked: ["database", "proxy", "query"],
    });
  });
});

describe("a long text", () => {
  const length = 1_000_000;
  it.each([
    ["letters", "a".repeat(length)],
    ["beginnings of addresses", "a://a:".repeat(length / 6)],
    ["an address without an end", `http://${"a:".repeat(length / 2)}`],
  ])("of %s takes a moment", (_what, text) => {
    const start = performance.now();
    expect(maskSecrets({ text }).masked).toEqual([]);
    // Work that grew with the square of the length would take hours.
    expect(performance.now() - start).toBeLessThan(10_000);
  });
});

describe("redactError", () => {
  it("takes secrets out of the message, the stack and the causes, and keeps the code and the status", () => {
    const cause = new Error("no entry with sesame");
    const error = new CodedError("MODULE_INVALID", "it cannot be built", { cause, status: 418, retryAfterS: 3 });
    const hidden = redactError(error, ["sesame"]) as CodedError;
    expect(inspect(hidden)).not.toContain("sesame");
    const kept = { code: "MODULE_INVALID", status: 418, retryAfterS: 3 };
    expect(hidden).toMatchObject({ ...kept, message: "it cannot be built: no entry with ***" });
    expect(inspect(redactError(cause, ["sesame"]))).toMatch(/^Error: no entry with \*{3}\n +at /);
  });

  it("returns an error that tells no secret", () => {
    const error = new CodedError("USAGE", "so not");
    expect(redactError(error, ["sesame"])).toBe(error);
  });
});

describe("redact", () => {
  it("removes the secrets found by collectSecrets, the longest first", () => {
    const secrets = collectSecrets({
      headers: { authorization: "Bearer sk-12345" },
      api_key: "sk-12345-long",
      url: "http://u:p%20w/x@h pa:ss",
      database: "mysql://u:pa55@h/",
      other: { api_key: "none" },
    });
    expect(secrets).toEqual(["sk-12345", "sk-12345-long", "pa55"]);
    expect(redact("sk-12345-long sk-12345 pa55 none", secrets)).toBe("*** *** *** none");
  });

  it("finds a secret that stands encoded in an address, and leaves very short ones", () => {
    expect(redact("?k=a%20b%26c abc", ["a b&c", "abc"])).toBe("?k=*** abc");
  });
});
