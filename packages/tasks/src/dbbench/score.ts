import { readAnswer, sameAnswer } from "./answer.js";
import { type DBBenchSample, isWriteKind, kindOf } from "./data-set.js";
import { sameHash } from "./table-hash.js";

/**
 * True if a sample is solved.
 *
 * @param answer what the agent answered; for a sample that writes, the hash its conversation left
 */
export function isCorrect(sample: DBBenchSample, answer: string): boolean {
  if (isWriteKind(kindOf(sample))) return sameHash(answer, sample.answer_md5 ?? "");
  return sameAnswer(readAnswer(answer), sample.label);
}
