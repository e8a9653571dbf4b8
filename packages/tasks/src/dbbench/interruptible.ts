import { StatementError } from "./database.js";

/** An interrupt can come before the statement has begun and is lost then: it is repeated at this interval. */
const repeatMs = 100;

/** Milliseconds after which an interrupted statement is abandoned, if the engine allows it. */
const abandonMs = 5_000;

export interface Interruption {
  signal: AbortSignal;
  timeoutMs: number;
  /** Asks the engine to end the statement; called until the work has settled. */
  interrupt(): void;
  /** Breaks with a statement that does not end when it is asked to. Without it, it is waited for. */
  abandon?(): void;
}

/** Waits for a statement, ends it at the timeout or when the signal aborts, and says which of the two it was. */
export async function interruptible<Value>(start: () => Promise<Value>, options: Interruption): Promise<Value> {
  const { signal, timeoutMs, interrupt, abandon } = options;
  signal.throwIfAborted();
  let reason: unknown;
  let repeat: NodeJS.Timeout | undefined;
  let last: NodeJS.Timeout | undefined;
  let leave = (): void => {};
  const abandoned = new Promise<never>((_, reject) => {
    leave = () => reject(reason);
  });
  const stop = (why: unknown): void => {
    if (repeat) return;
    reason = why;
    interrupt();
    repeat = setInterval(interrupt, repeatMs);
    if (!abandon) return;
    last = setTimeout(() => {
      abandon();
      leave();
    }, abandonMs);
  };
  const timeout = setTimeout(() => {
    stop(new StatementError(`The statement was stopped because it ran for more than ${timeoutMs / 1000} s`));
  }, timeoutMs);
  const onAbort = (): void => stop(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([start(), abandoned]);
  } catch (error) {
    throw reason ?? error;
  } finally {
    clearTimeout(timeout);
    clearTimeout(last);
    clearInterval(repeat);
    signal.removeEventListener("abort", onAbort);
  }
}
