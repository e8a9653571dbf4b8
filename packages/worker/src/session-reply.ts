import { CodedError, isCodedError, type SessionReply } from "@eval/protocol";
import type { TurnOutcome } from "./session.js";

/**
 * A turn's outcome in the wire's form. Throws TASK_ERROR (501, as v0.2) when the task raised after its first action,
 * and SESSION_CANCELLED when there is none.
 */
export function replyOf(id: number, { turn, output, failed }: TurnOutcome): SessionReply {
  if (output === undefined) throw sessionCancelled();
  const reply = { session_id: id, output };
  if (failed && turn > 0) {
    throw new CodedError("TASK_ERROR", `The task raised: ${output.result}`, { detail: reply });
  }
  return { ...reply, turn };
}

/** The turn is still being executed: ask again with the same turn. */
export function pendingReply(id: number, turn: number): SessionReply {
  const output = { index: null, status: "running" as const, result: null, history: null };
  return { session_id: id, output, turn, pending: true };
}

export function noSuchSession(): CodedError {
  return new CodedError("SESSION_NOT_FOUND", "No such session");
}

function sessionCancelled(): CodedError {
  return new CodedError("SESSION_CANCELLED", "The session was canceled before its turn was over");
}

/** The same for a v0.2 peer: it knows of no canceled sessions, only of none. */
export function inV02Words(error: unknown): unknown {
  if (!isCodedError(error) || error.code !== "SESSION_CANCELLED") return error;
  return new CodedError(error.code, error.message, { detail: noSuchSession().detail });
}

/** @param expected undefined when the session is finished */
export function turnConflict(expected: number | undefined, got: number | undefined): CodedError {
  const what = expected === undefined ? "The session is finished" : `Turn ${expected} is expected`;
  const problem = expected === got ? "with the same content as when it was first sent" : `not turn ${got}`;
  return new CodedError("TURN_CONFLICT", `${what}, ${problem}`);
}
