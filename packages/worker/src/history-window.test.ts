import type { Message } from "@eval/protocol";
import fc from "fast-check";
import { expect, test } from "vitest";
import { countSegments, windowOf } from "./history-window.js";

/** A text of so many segments. */
const text = (segments: number) => "!".repeat(segments);

/** Alternating messages, the first one of the task. */
const conversation = (...segments: number[]): Message[] =>
  segments.map((count, position) => ({ role: position % 2 === 0 ? "user" : "agent", content: text(count) }));

const user = (content: string): Message => ({ role: "user", content });
const agent = (content: string): Message => ({ role: "agent", content });

test.each([
  ["", 0],
  [" \n \n", 0],
  ["a", 1],
  ["abcdefg", 1],
  ["abcdefgh", 2],
  ["abcdefghijklmn", 2],
  ["one two", 2],
  ["one\ntwo", 2],
  ["a1b", 3],
  ["12", 2],
  ["\t\r", 2],
  ["snake_case", 3],
  ["é", 1],
  ["naïveté", 1],
  ["e\u0301", 2],
  ["中文", 1],
  ["一二三四五六七八", 2],
  ["𝒜𝒜𝒜𝒜𝒜𝒜𝒜", 1],
  ["٣", 1],
  ["😀", 1],
])("%o has %i segments", (content, segments) => {
  expect(countSegments(content)).toBe(segments);
});

test("a history below the bound stays as it is; reaching the bound is too much", () => {
  const history = conversation(1_000, 1_000, 1_499);
  expect(windowOf(history)).toEqual(history);
  expect(windowOf([])).toEqual([]);
  const full = conversation(1_000, 1_000, 1_500);
  expect(windowOf(full)).toEqual([user(`${text(1_000)}\n\n[NOTICE] 2 messages are omitted.`)]);
});

test("the oldest after the first are dropped, whole turns at a time, with a notice", () => {
  const history = conversation(500, 1_000, 1_000, 1_000, 1_000);
  expect(windowOf(history)).toEqual([
    user(`${text(500)}\n\n[NOTICE] 2 messages are omitted.`),
    agent(text(1_000)),
    user(text(1_000)),
  ]);
});

test("a user message that would come right after the first is dropped as well", () => {
  const history = conversation(100, 3_200, 100, 100, 100);
  const notice = user(`${text(100)}\n\n[NOTICE] 2 messages are omitted.`);
  expect(windowOf(history)).toEqual([notice, ...history.slice(3)]);
  const three = [user("first"), user("second"), user("third")];
  expect(windowOf(three)).toEqual([user("first\n\n[NOTICE] 1 messages are omitted."), user("third")]);
});

test("if not even the last message fits, or the first uses all the space, the first is kept", () => {
  expect(windowOf(conversation(100, 10, 3_500))).toEqual([user(`${text(100)}\n\n[NOTICE] 2 messages are omitted.`)]);
  expect(windowOf(conversation(9_000))).toEqual(conversation(9_000));
  expect(windowOf(conversation(9_000, 0, 0))).toEqual([user(`${text(9_000)}\n\n[NOTICE] 2 messages are omitted.`)]);
});

test("two messages of the task in a row, which v0.2 does not take, are shown as long as there is room", () => {
  const history = [user("instruction"), user("question")];
  expect(windowOf(history)).toEqual(history);
  const four = [user("a"), user(text(3_000)), agent(text(300)), user(text(300))];
  expect(windowOf(four)).toEqual([user("a\n\n[NOTICE] 1 messages are omitted."), ...four.slice(2)]);
});

test("the first message counts as the task's, whatever its role", () => {
  expect(windowOf([agent("hello")])).toEqual([user("hello")]);
});

/** The rule once more, letter by letter and message by message, as its text has it. */
function plainWindow(history: readonly Message[]): Message[] {
  const [first, ...later] = history as [Message, ...Message[]];
  let sum = plainCount(first.content);
  const kept: Message[] = [];
  for (const message of later.reverse()) {
    sum += plainCount(message.content);
    if (sum >= 3_500) break;
    kept.unshift(message);
  }
  if (kept[0]?.role === "user") kept.shift();
  const omitted = history.length - 1 - kept.length;
  const notice = omitted > 0 ? `\n\n[NOTICE] ${omitted} messages are omitted.` : "";
  return [user(first.content + notice), ...kept];
}

function plainCount(content: string): number {
  let count = 0;
  let letters = 0;
  for (const character of content) {
    const isLetter = character.toLowerCase() !== character.toUpperCase() || /^\p{Lo}$/u.test(character);
    letters = isLetter ? letters + 1 : 0;
    if (isLetter ? letters % 7 === 1 : character !== " " && character !== "\n") count += 1;
  }
  return count;
}

const word = fc.constantFrom(
  "word",
  " ",
  "\n",
  "x".repeat(700),
  "12",
  "...",
  "中文字",
  "ÄÖÜ",
  "!".repeat(900),
  "\t",
  "😀",
);
const message = fc.record({
  role: fc.constantFrom("user" as const, "agent" as const),
  content: fc.array(word, { maxLength: 6 }).map((words) => words.join("")),
});

test("of an odd length, every history is cut as the rule's text has it", () => {
  fc.assert(
    fc.property(fc.array(message, { minLength: 1, maxLength: 15 }), (messages) => {
      const history = messages.length % 2 === 1 ? messages : messages.slice(1);
      expect(windowOf(history)).toEqual(plainWindow(history));
    }),
    { numRuns: 500 },
  );
});
