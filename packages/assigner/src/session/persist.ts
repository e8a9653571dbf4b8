import { setTimeout as delay } from "node:timers/promises";
import { isCodedError } from "@eval/protocol";
import { ReplyError } from "@eval/protocol/http-client";

export interface Patience {
  /** How long a peer that is out of reach is waited for, in milliseconds. */
  patienceMs: number;
  signal: AbortSignal;
}

/** A worker that its controller could not reach may be back in a moment; so often is it tried. */
const workerTries = 3;

/**
 * Sends a request until it is answered, as far as sending it again is safe: while the controller is out of reach or
 * says that it is recovering, for `patienceMs` in all; a few times when the controller does not reach the worker.
 * @param maySendAgain whether the request may be sent a second time after this transport error
 */
export async function persist<T>(
  send: () => Promise<T>,
  maySendAgain: (error: unknown) => boolean,
  { patienceMs, signal }: Patience,
): Promise<T> {
  const giveUp = performance.now() + patienceMs;
  let workerFailures = 0;
  for (let attempt = 0; ; attempt++) {
    try {
      return await send();
    } catch (error) {
      if (signal.aborted || performance.now() > giveUp || !isTransient(error, maySendAgain)) throw error;
      if (isCodedError(error) && error.code === "WORKER_NOT_RESPONDING" && ++workerFailures >= workerTries) throw error;
      await delay(pauseMs(attempt, error), undefined, { signal });
    }
  }
}

function isTransient(error: unknown, maySendAgain: (error: unknown) => boolean): boolean {
  if (!isCodedError(error)) return false;
  switch (error.code) {
    case "RECOVERING":
      return true;
    case "UNREACHABLE":
    case "TIMEOUT":
    case "WORKER_NOT_RESPONDING":
      return maySendAgain(error);
    default:
      return false;
  }
}

/** 100 ms, doubling up to 2 s, or what the peer asked for; with jitter, so that clients do not come back in step. */
function pauseMs(attempt: number, error: unknown): number {
  const asked = error instanceof ReplyError ? error.retryAfterMs : undefined;
  return (asked ?? Math.min(2_000, 100 * 2 ** attempt)) * (0.75 + Math.random() / 2);
}
