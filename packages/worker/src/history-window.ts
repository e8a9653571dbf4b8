import type { Message } from "@eval/protocol";

/** What a turn's reply carries of the history, in segments. */
const maxSegments = 3_500;

/**
 * The part of a history that the agent sees: the first message, and the latest ones as long as all of them stay below
 * 3,500 segments. Source of the rule: AgentBench v0.2's contract, which every agent there was measured under.
 */
export function windowOf(history: readonly Message[]): Message[] {
  const first = history[0];
  if (first === undefined) return [];
  let segments = countSegments(first.content);
  let start = history.length;
  while (start > 1) {
    const next = countSegments((history[start - 1] as Message).content);
    if (segments + next >= maxSegments) break;
    segments += next;
    start -= 1;
  }
  // Two messages of the task in a row would look like one turn of the agent is missing.
  if (start > 1 && history[start]?.role === "user") start += 1;
  const omitted = Math.min(start, history.length) - 1;
  if (omitted <= 0) return [...history];
  const notice = `${first.content}\n\n[NOTICE] ${omitted} messages are omitted.`;
  return [{ role: first.role, content: notice }, ...history.slice(start)];
}

/** Every seven letters begun of a run of letters count one, as does any other character but a space or a newline. */
export function countSegments(text: string): number {
  let count = 0;
  for (const [part] of text.matchAll(/[a-zA-Z]+|[^ \na-zA-Z]/gu)) {
    count += /^[a-zA-Z]/.test(part) ? Math.ceil(part.length / 7) : 1;
  }
  return count;
}
