import { setMaxListeners } from "node:events";

/** The work exceeded its time limit. */
export class DeadlineError extends Error {
  override readonly name = "DeadlineError";
}

/**
 * Runs `work` for at most `limitMs` milliseconds. Rejects at once with an error named `AbortError` when `outer` aborts,
 * and with a DeadlineError when the time is up; the signal passed to `work` aborts in both cases. (Not implemented with
 * `AbortSignal.any`, which leaks memory on Node 20 for a signal that lives as long as a run.)
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
  // One signal may end many calls at once; this prevents Node's leak warning, which starts at the eleventh listener.
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
  const error = new Error("The call to the agent was aborted", { cause: reason });
  error.name = "AbortError";
  return error;
}
