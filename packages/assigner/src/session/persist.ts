import { setTimeout as delay } from "node:timers/promises";
import { isCodedError } from "@eval/protocol";
import { ReplyError } from "@eval/protocol/http-client";
import { isNotAvailable } from "./controller-replies.js";

export interface Patience {
  /** How long a peer that is out of reach is waited for, in milliseconds. */
  patienceMs: number;
  signal: AbortSignal;
  /** So often is it tried when the controller does not reach, or does not have, a worker. Default 3. */
  workerTries?: number;
}

/**
 * Sends a request until it is answered, as far as sending it again is safe: while the controller is out of reach or
 * says that it is recovering, for `patienceMs` in all; a few times when the controller does not reach the worker.
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
      // For a start that is `no slot free`, which is the dispatch's to decide.
      return !isNotAvailable(error) && maySendAgain(error);
    default:
      return false;
  }
}

function isWorkerAway(error: unknown): boolean {
  const code = isCodedError(error) ? error.code : undefined;
  return code === "WORKER_NOT_RESPONDING" || code === "NO_WORKERS_AVAILABLE" || code === "TASK_NOT_FOUND";
}

/** 100 ms, doubling up to 2 s, or what the peer asked for; with jitter, so that clients do not come back in step. */
function pauseMs(attempt: number, error: unknown): number {
  const asked = error instanceof ReplyError ? error.retryAfterMs : undefined;
  return (asked ?? Math.min(2_000, 100 * 2 ** attempt)) * (0.75 + Math.random() / 2);
}
