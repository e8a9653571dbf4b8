import type { Message } from "@eval/protocol";

/** Maximum length of the history in a turn's reply, in segments. */
const maxSegments = 3_500;

/**
 * The part of a history that the agent sees: the first message, and the latest ones as long as all of them stay below
 * 3,500 segments. Source of the rule: AgentBench v0.2's contract, under which all its agents were measured.
 *
 * v0.2 accepts only histories of an odd length. In these, a message of the task that comes right after the first one is
 * left out, whether anything was cut or not. Of an even length (two messages of the task in a row) nothing is left out
 * until something has to be.
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
  const isOdd = history.length % 2 === 1;
  if ((isOdd || start > 1) && history[start]?.role === "user") start += 1;
  const omitted = Math.min(start, history.length) - 1;
  const notice = omitted > 0 ? `\n\n[NOTICE] ${omitted} messages are omitted.` : "";
  return [{ role: "user", content: first.content + notice }, ...history.slice(start)];
}

/** Up to seven letters (of any script, as v0.2's isalpha has them), or any other character but a space or a newline. */
const segment = /\p{L}{1,7}|[^ \n\p{L}]/gu;

/** Every seven letters begun of a run of letters count one, as does any other character but a space or a newline. */
export function countSegments(text: string): number {
  return text.match(segment)?.length ?? 0;
}
