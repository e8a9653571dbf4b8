import { expect, test } from "vitest";
import { Redactor, secretsOfBody, secretsOfHeaders, secretsOfUrl } from "./redaction.js";

test("a secret is masked in each of its forms, the longest first", () => {
  const redactor = new Redactor(["sk-abc", "sk-abc-def", 'pa"ss w', "abc"]);
  expect(redactor.redact('sk-abc-def sk-abc {"p":"pa\\"ss w"} pa%22ss%20w abc')).toBe('*** *** {"p":"***"} *** abc');
});

test("an excerpt is one line of 300 characters, and truncation never leaves half of a secret", () => {
  const redactor = new Redactor(["secret-value"]);
  expect(redactor.excerpt(" a\n\n b ")).toBe("a b");
  expect(redactor.excerpt("")).toBe("(empty)");
  expect(redactor.excerpt("x".repeat(301))).toBe(`${"x".repeat(300)}...`);
  expect(redactor.excerpt(`${"x".repeat(295)}secret-value`)).toBe(`${"x".repeat(295)}***`);
});

test("headers: whole values and bearer tokens, not content types", () => {
  const secrets = secretsOfHeaders({
    Authorization: "Bearer sk-1234",
    "X-Key": "k-5678",
    "Content-Type": "text/plain",
  });
  expect(new Set(secrets)).toStrictEqual(new Set(["Bearer sk-1234", "sk-1234", "k-5678"]));
});

test("URLs: credentials and query values", () => {
  const secrets = secretsOfUrl(new URL("http://me:p%40ss@host/path?key=k-5678"));
  expect(secrets).toEqual(expect.arrayContaining(["me", "p%40ss", "p@ss", "k-5678", btoa("me:p@ss")]));
});

test("bodies: strings under keys that name a secret", () => {
  const body = { model: "m", max_tokens: "12345", auth: { user: "u-1234" }, list: [{ api_key: "k-5678" }], n: 5 };
  expect(secretsOfBody(body)).toStrictEqual(["u-1234", "k-5678"]);
});
