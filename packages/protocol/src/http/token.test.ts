import { expect, test } from "vitest";
import { bearer, tokenCheck } from "./token.js";

const isAuthorized = tokenCheck("s3cret");
const basic = (text: string) => `Basic ${Buffer.from(text).toString("base64")}`;

test.each([bearer("s3cret"), "BEARER s3cret", "Bearer   s3cret", basic("user:s3cret"), basic(":s3cret")])(
  "%s is let in",
  (header) => {
    expect(isAuthorized(header)).toBe(true);
  },
);

test.each([
  undefined,
  "",
  "s3cret",
  "Bearer",
  "Bearer ",
  "Bearer s3cre",
  "Bearer s3cret1",
  "Bearer s3cret x",
  "Digest s3cret",
  basic("s3cret:user"),
  basic("user:"),
])("%s is not", (header) => {
  expect(isAuthorized(header)).toBe(false);
});
