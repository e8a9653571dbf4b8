import { setTimeout as delay } from "node:timers/promises";
import { isCodedError } from "@eval/protocol";
import { ReplyError } from "@eval/protocol/http-client";
import { isNotAvailable } from "./controller-replies.js";

export interface Patience {
  /** How long to wait for an unreachable peer, in milliseconds. */
  patienceMs: number;
  signal: AbortSignal;
  /** Maximum number of attempts when the controller cannot reach, or does not have, a worker. Default 3. */
  workerTries?: number;
}

/**
 * Sends a request until it is answered, if a retry is safe: for `patienceMs` in total while the controller is unreachable
 * or recovering; a few times when the controller cannot reach the worker.
 * @param maySendAgain whether the request may be sent a second time after this transport error
 */
export async function persist<T>(
  send: () => Promise<T>,
  maySendAgain: (error: unknown) => boolean,
  { patienceMs, signal, workerTries = 3 }: Patience,
): Promise<T> {
  const giveUp = performance.now() + patienceMs;
  let workerFailures = 0;
  for (let attempt = 0; ; attempt++) {
    try {
      return await send();
    } catch (error) {
      if (signal.aborted || performance.now() > giveUp || !isTransient(error, maySendAgain)) throw error;
      if (isWorkerAway(error) && ++workerFailures >= workerTries) throw error;
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
    case "TASK_NOT_FOUND":
    case "NO_WORKERS_AVAILABLE":
      // For a start, this means that no slot is free; the dispatch decides about that.
      return !isNotAvailable(error) && maySendAgain(error);
    default:
      return false;
  }
}

function isWorkerAway(error: unknown): boolean {
  const code = isCodedError(error) ? error.code : undefined;
  return code === "WORKER_NOT_RESPONDING" || code === "NO_WORKERS_AVAILABLE" || code === "TASK_NOT_FOUND";
}

/** 100 ms, doubling up to 2 s, or the pause that the peer requested; with jitter, so that clients do not retry in step. */
function pauseMs(attempt: number, error: unknown): number {
  const asked = error instanceof ReplyError ? error.retryAfterMs : undefined;
  return (asked ?? Math.min(2_000, 100 * 2 ** attempt)) * (0.75 + Math.random() / 2);
}
