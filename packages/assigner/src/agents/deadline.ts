import { setMaxListeners } from "node:events";

/** The work took longer than it may. */
export class DeadlineError extends Error {
  override readonly name = "DeadlineError";
}

/**
 * Runs `work` for at most `limitMs` milliseconds. Rejects at once with an error named `AbortError` when `outer`
 * aborts, and with a DeadlineError when the time is up; the signal given to `work` aborts with it. (Made by hand:
 * `AbortSignal.any` on a signal that lives as long as a run piles up memory on Node 20.)
 */
export async function withDeadline<Result>(
  outer: AbortSignal,
  limitMs: number,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  if (outer.aborted) throw abortError(outer);
  const inner = new AbortController();
  const stopped = new Promise<never>((_resolve, reject) => {
    inner.signal.addEventListener("abort", () => reject(inner.signal.reason), { once: true });
  });
  // One signal may end many calls at once; that is no leak, which Node warns of from the eleventh listener on.
  setMaxListeners(0, outer);
  const onAbort = () => inner.abort(abortError(outer));
  outer.addEventListener("abort", onAbort, { once: true });
  const timer = setTimeout(() => inner.abort(new DeadlineError(`no answer within ${limitMs / 1000} s`)), limitMs);
  try {
    return await Promise.race([work(inner.signal), stopped]);
  } finally {
    clearTimeout(timer);
    outer.removeEventListener("abort", onAbort);
  }
}

function abortError(signal: AbortSignal): Error {
  const reason: unknown = signal.reason;
  if (reason instanceof Error && reason.name === "AbortError") return reason;
  const error = new Error("The agent was not waited for any longer", { cause: reason });
  error.name = "AbortError";
  return error;
}
