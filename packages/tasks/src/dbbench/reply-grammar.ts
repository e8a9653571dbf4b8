/** What an agent asked for in one reply. */
export type Reply = { kind: "operation"; sql: string } | { kind: "answer"; text: string };

/**
 * Reads a reply by v0.2's grammar: the first `Action: ...` that ends with a newline decides; an Operation's statement
 * stands in the first sql block, its newlines become spaces; an answer is the rest of the line after `Final Answer: `.
 * Undefined if the reply cannot be recognized.
 */
export function parseReply(text: string): Reply | undefined {
  const action = /Action: (.*?)\n/.exec(text)?.[1]?.trim();
  if (action === "Operation") {
    const sql = /```sql\n([\s\S]*?)\n```/.exec(text)?.[1]?.trim();
    return sql ? { kind: "operation", sql: sql.replaceAll("\n", " ") } : undefined;
  }
  if (action === "Answer") {
    const answer = /Final Answer: (.*)/.exec(text)?.[1];
    return answer === undefined ? undefined : { kind: "answer", text: answer };
  }
  return undefined;
}
