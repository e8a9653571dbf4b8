import { expect, test } from "vitest";
import { retryAfterMs } from "./retry-after.js";

const now = Date.parse("2024-05-01T12:00:00Z");
const ask = (headers: Record<string, string>) => retryAfterMs((name) => headers[name], now);

test.each([
  [{ "retry-after": "3" }, 3000],
  [{ "retry-after": "0" }, 0],
  [{ "retry-after": " 1.5 " }, 1500],
  [{ "retry-after-ms": "250", "retry-after": "3" }, 250],
  [{ "retry-after": "Wed, 01 May 2024 12:00:07 GMT" }, 7000],
  [{ "retry-after": "Wed, 01 May 2024 12:00:07 GMT", date: "Wed, 01 May 2024 12:00:05 GMT" }, 2000],
  [{ "retry-after": "Wed, 01 May 2024 11:59:00 GMT" }, 0],
  [{ "retry-after": "-5" }, undefined],
  [{ "retry-after": "soon" }, undefined],
  [{}, undefined],
])("%j -> %s", (headers, expected) => {
  expect(ask(headers)).toBe(expected);
});
