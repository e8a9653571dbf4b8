import { appendFileSync } from "node:fs";

/**
 * Prints why tests are skipped. `npm test` names a file in EVAL_TEST_SKIPS, and says at its end again what it holds: in
 * the middle of the output a reason is easily missed.
 */
export function noteSkip(reason: string): void {
  console.warn(`skipped: ${reason}`);
  const { EVAL_TEST_SKIPS: file } = process.env;
  if (file !== undefined) appendFileSync(file, `${process.cwd()}\t${reason}\n`);
}
