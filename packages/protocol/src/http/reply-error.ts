import { CodedError, type ErrorCode, isErrorCode } from "../error.js";
import type { RawResponse } from "./exchange.js";

/** An error reply of a peer. `code` is the peer's own if it sent one, otherwise it is derived from v0.2's texts. */
export class ReplyError extends CodedError {
  constructor(
    code: ErrorCode,
    message: string,
    readonly reply: { status: number; detail: unknown },
    /** Milliseconds of a Retry-After, if one was sent. */
    readonly retryAfterMs: number | undefined,
  ) {
    super(code, message, { status: reply.status, detail: reply.detail });
  }
}

/** @param where the address and the path, for the message */
export function readReplyError(response: RawResponse, value: unknown, where: string): ReplyError {
  const { detail, code } = (value ?? {}) as { detail?: unknown; code?: unknown };
  const text = typeof detail === "string" ? detail : JSON.stringify(detail ?? response.body.slice(0, 300));
  const seconds = Number(response.headers["retry-after"]);
  return new ReplyError(
    isErrorCode(code) ? code : codeOf(text, response.status),
    `${where} answered ${response.status}: ${text}`,
    { status: response.status, detail },
    Number.isFinite(seconds) ? seconds * 1000 : undefined,
  );
}

/** v0.2's texts, which have no codes. */
const textCodes: [RegExp, ErrorCode][] = [
  [/^Error: Task does not exist/, "TASK_NOT_FOUND"],
  [/^Error: No workers available/, "NO_WORKERS_AVAILABLE"],
  [/^Error: Index out of bounds/, "INDEX_OUT_OF_BOUNDS"],
  [/^Error: Task already exists with different indices/, "INDICES_MISMATCH"],
  [/^Error: Worker status abnormal/, "WORKER_ABNORMAL"],
  [/^Error: Session does not exist|^No such session/, "SESSION_NOT_FOUND"],
  [/^Error: Worker not responding/, "WORKER_NOT_RESPONDING"],
  [/^Sample concurrency limit reached/, "CONCURRENCY_LIMIT"],
  [/^Session ID already exists/, "SESSION_EXISTS"],
  [/^Task Executing/, "SESSION_BUSY"],
];

const statusCodes: Record<number, ErrorCode> = {
  401: "UNAUTHORIZED",
  403: "FORBIDDEN",
  404: "NOT_FOUND",
  405: "METHOD_NOT_ALLOWED",
  406: "CONCURRENCY_LIMIT",
  413: "BODY_TOO_LARGE",
  415: "UNSUPPORTED_MEDIA_TYPE",
  422: "VALIDATION",
  501: "TASK_ERROR",
};

function codeOf(text: string, status: number): ErrorCode {
  const own = text.replace(/^Error: Worker returned error\n/, "");
  const inner = own === text ? text : (/"detail": *"([^"]*)/.exec(own)?.[1] ?? own);
  const known = textCodes.find(([pattern]) => pattern.test(inner))?.[1];
  return known ?? statusCodes[status] ?? "WORKER_ERROR";
}
