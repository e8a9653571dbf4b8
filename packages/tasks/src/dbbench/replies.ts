/** An agent's reply that runs a statement, in the form that the prompt asks for. */
export function operationReply(sql: string): string {
  return `Action: Operation\n\`\`\`sql\n${sql}\n\`\`\``;
}

/** An agent's reply that answers with the text of a list. */
export function answerReply(list: string): string {
  return `Action: Answer\nFinal Answer: ${list}`;
}
