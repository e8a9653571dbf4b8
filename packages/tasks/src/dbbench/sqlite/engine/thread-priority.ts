import { constants, setPriority } from "node:os";

/** Milliseconds after which a statement counts as a long one. */
export const longStatementMs = 250;

/**
 * Lets every other thread of the process go first: sessions with short statements, and the worker itself. Linux alone
 * has priorities of threads, elsewhere it would be the priority of the process. Without rights it cannot be raised
 * again.
 */
export function yieldToOthers(): void {
  if (process.platform !== "linux") return;
  try {
    setPriority(0, constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // It runs on as it is.
  }
}
