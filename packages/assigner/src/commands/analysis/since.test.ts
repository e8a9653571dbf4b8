import { expect, test } from "vitest";
import { parseSince } from "./since.js";

const now = 1_700_000_000_000;

test.each([
  ["0", 0],
  ["1700000000.5", 1_700_000_000_500],
  ["1.7e9", 1_700_000_000_000],
  ["2024-02-29 23:59:58", new Date(2024, 1, 29, 23, 59, 58).getTime()],
  ["2024-1-5 1:2:3", new Date(2024, 0, 5, 1, 2, 3).getTime()],
  ["2024-02-29", new Date(2024, 1, 29).getTime()],
  ["2024-02", new Date(2024, 1, 1).getTime()],
  ["2d", now - 172_800_000],
  ["1.5h", now - 5_400_000],
  ["30m", now - 1_800_000],
  ["90s", now - 90_000],
])("%s", (text, ms) => {
  expect(parseSince(text, now)).toBe(ms);
});

test.each(["", "soon", "2w", "d", "2023-02-29", "2024-13", "2024-01-01 24:00:00", "1d2h"])(
  "%j is not a time",
  (text) => {
    expect(() => parseSince(text, now)).toThrowError(expect.objectContaining({ code: "USAGE" }));
  },
);
