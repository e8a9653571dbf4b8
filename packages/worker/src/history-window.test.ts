import type { Message } from "@eval/protocol";
import fc from "fast-check";
import { expect, test } from "vitest";
import { countSegments, windowOf } from "./history-window.js";

/** A text of so many segments. */
const text = (segments: number) => "!".repeat(segments);

/** Alternating messages, the first one of the task. */
const conversation = (...segments: number[]): Message[] =>
  segments.map((count, position) => ({ role: position % 2 === 0 ? "user" : "agent", content: text(count) }));

test.each([
  ["", 0],
  [" \n \n", 0],
  ["a", 1],
  ["abcdefg", 1],
  ["abcdefgh", 2],
  ["one two", 2],
  ["a1b", 3],
  ["12", 2],
  ["\t", 1],
  ["é", 1],
  ["中文", 2],
  ["😀", 1],
])("%o has %i segments", (content, segments) => {
  expect(countSegments(content)).toBe(segments);
});

test("a history below the bound stays as it is", () => {
  const history = conversation(1_000, 1_000, 1_499);
  expect(windowOf(history)).toEqual(history);
  expect(windowOf([])).toEqual([]);
});

test("reaching the bound drops the oldest after the first, whole turns at a time, with a notice", () => {
  const history = conversation(500, 1_000, 1_000, 1_000, 1_000);
  expect(windowOf(history)).toEqual([
    { role: "user", content: `${text(500)}\n\n[NOTICE] 2 messages are omitted.` },
    ...history.slice(3),
  ]);
});

test("a user message that would come right after the first is dropped as well", () => {
  const history = conversation(100, 3_200, 100, 100, 100);
  expect(windowOf(history)).toEqual([
    { role: "user", content: `${text(100)}\n\n[NOTICE] 2 messages are omitted.` },
    ...history.slice(3),
  ]);
});

test("where not even the last message fits, the first is left", () => {
  const history = conversation(100, 10, 3_500);
  expect(windowOf(history)).toEqual([{ role: "user", content: `${text(100)}\n\n[NOTICE] 2 messages are omitted.` }]);
});

test("what is left is the first message and an end of the history, below the bound, roles in turn", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 1_500 }), { minLength: 1, maxLength: 9 }), (segments) => {
      const history = conversation(...segments);
      const [first, ...rest] = windowOf(history);
      expect(first?.content.startsWith(text(segments[0] ?? 0))).toBe(true);
      expect(rest).toEqual(history.slice(history.length - rest.length));
      if (rest.length < history.length - 1) {
        expect(rest.reduce((sum, { content }) => sum + countSegments(content), segments[0] ?? 0)).toBeLessThan(
          Math.max(3_500, (segments[0] ?? 0) + 1),
        );
        expect(first?.content).toContain(`[NOTICE] ${history.length - 1 - rest.length} messages are omitted.`);
        expect(rest[0]?.role).not.toBe("user");
      }
    }),
  );
});
