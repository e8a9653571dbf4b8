import { describe, expect, it } from "vitest";
import { parseReply } from "./reply-grammar.js";

describe("a reply", () => {
  it("that runs a statement has it in an sql block, its newlines become spaces", () => {
    const reply = "I look.\nAction: Operation\n```sql\nSELECT 1\nFROM `t`;\n```\nThat is all.";
    expect(parseReply(reply)).toEqual({ kind: "operation", sql: "SELECT 1 FROM `t`;" });
  });

  it("that answers has the answer on one line", () => {
    const reply = 'Action: Answer\nFinal Answer: ["a", "b"]\nmore';
    expect(parseReply(reply)).toEqual({ kind: "answer", text: '["a", "b"]' });
  });

  it("is read by its first action", () => {
    const reply = "Action: Answer\nFinal Answer: x\nAction: Operation\n```sql\nSELECT 1\n```";
    expect(parseReply(reply)).toEqual({ kind: "answer", text: "x" });
  });

  it.each([
    "",
    "The answer is 5.",
    "Action: Think\nFinal Answer: 5",
    "Action: Answer",
    "Action: Answer\n5",
    "Action: Operation\nSELECT 1",
    "Action: Operation\n```\nSELECT 1\n```",
    "Action: Operation\n```sql\n\n```",
    "action: answer\nFinal Answer: 5",
  ])("%j is not recognized", (text) => {
    expect(parseReply(text)).toBeUndefined();
  });
});
