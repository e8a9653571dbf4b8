import { CodedError, type ErrorCode, headerNames, isCodedError, isErrorCode, messageOf } from "@eval/protocol";
import { neverSent, type RawResponse } from "@eval/protocol/http-client";
import { type Peer, RawReply } from "@eval/protocol/http-server";
import type { SessionRecord } from "./session-table.js";
import type { WorkerRecord } from "./worker-registry.js";

export function isOurs(peer: Peer): boolean {
  return peer.instance !== undefined;
}

export function isFinished(reply: RawReply): boolean {
  return reply.headers[headerNames.state] === "finished";
}

/**
 * A worker's reply for a client. Ours gets it as it is, with `features` in front if given; a v0.2 client gets v0.2's
 * two fields.
 */
export function sessionReply(
  response: RawResponse,
  worker: WorkerRecord,
  peer: Peer,
  features?: readonly string[],
): RawReply {
  const headers = { [headerNames.state]: stateOf(response, worker) };
  const { body } = response;
  if (!isOurs(peer)) {
    const { session_id, output } = parseObject(body);
    return new RawReply(200, JSON.stringify({ session_id, output }), headers);
  }
  if (features === undefined) return new RawReply(200, body, headers);
  const rest = body.slice(body.indexOf("{") + 1);
  return new RawReply(200, `{"features":${JSON.stringify(features)},${rest}`, headers);
}

/**
 * Refuses a reply of a session that was canceled while it was awaited: whatever its task made of that is no result.
 * Our workers refuse it themselves, and know better than we which came first; a v0.2 worker answers as if it were one.
 */
export function assertNotCancelled({ state, worker }: SessionRecord, peer: Peer): void {
  if (state !== "closing" || worker.features.includes("replay")) return;
  const message = "The session was canceled before its turn was over";
  throw new CodedError("SESSION_CANCELLED", message, isOurs(peer) ? {} : { detail: "Error: Session does not exist" });
}

/** Our workers send the state of the session in a header, so the body need not be parsed. Other workers' headers are ignored. */
function stateOf({ headers, body }: RawResponse, worker: WorkerRecord): string {
  const state = headers[headerNames.state];
  if (worker.incarnation !== undefined && typeof state === "string") return state;
  const { output } = parseObject(body) as { output?: { status?: string } };
  return output?.status === "running" ? "running" : "finished";
}

/** v0.2's form: the worker's status, and its body as text. The worker's own code is sent in addition to the text. */
export function workerError(response: RawResponse): CodedError {
  const { code, ...rest } = parseObject(response.body);
  const text = `Error: Worker returned error\n${isErrorCode(code) ? JSON.stringify(rest) : response.body}`;
  return new CodedError(codeOf(response), text, { status: response.status, detail: text });
}

/** @param cause kept, since it tells whether the request was sent at all */
export function notResponding(cause: unknown): CodedError {
  const text = `Error: Worker not responding\n${messageOf(cause)}`;
  return new CodedError("WORKER_NOT_RESPONDING", text, { cause, detail: text });
}

/** Whether a call may have been executed although no reply arrived, because the connection broke. */
export function isLost(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  return isCodedError(cause) && cause.code === "UNREACHABLE" && !neverSent(cause);
}

function codeOf({ body, status }: RawResponse): ErrorCode {
  const { code, detail } = parseObject(body);
  if (isErrorCode(code)) return code;
  if (detail === "No such session") return "SESSION_NOT_FOUND";
  if (detail === "Session ID already exists") return "SESSION_EXISTS";
  if (status === 501) return "TASK_ERROR";
  return status === 406 ? "CONCURRENCY_LIMIT" : "WORKER_ERROR";
}

/** The object that a text holds; an empty one for anything else. */
export function parseObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
