export { messageOf } from "./error-message.js";

/**
 * The one table of error codes. `status` is the HTTP status where the code travels in a reply, `exit` the exit code
 * of a bin that ends with it, `retry` whether the same request may be sent again unchanged with hope.
 */
export const errorTable = {
  // A user's input. Exit 2.
  USAGE: { status: 400, exit: 2, retry: false },
  CONFIG_NOT_FOUND: { status: 400, exit: 2, retry: false },
  CONFIG_INVALID: { status: 400, exit: 2, retry: false },
  MODULE_NOT_FOUND: { status: 400, exit: 2, retry: false },
  MODULE_INVALID: { status: 400, exit: 2, retry: false },
  OUTPUT_LOCKED: { status: 400, exit: 2, retry: false },
  OUTPUT_INVALID: { status: 400, exit: 2, retry: false },
  TASK_VERSION_MIXED: { status: 400, exit: 2, retry: false },

  // The machine.
  PORT_IN_USE: { status: 500, exit: 1, retry: true },
  OUTPUT_WRITE_FAILED: { status: 500, exit: 1, retry: true },
  START_FAILED: { status: 500, exit: 1, retry: true },
  INTERNAL: { status: 500, exit: 1, retry: false },
  /** Something in a program's own process, say an agent's module, ended the process while the program was at work. */
  ENDED_EARLY: { status: 500, exit: 4, retry: true },

  // HTTP itself.
  NOT_FOUND: { status: 404, exit: 1, retry: false },
  METHOD_NOT_ALLOWED: { status: 405, exit: 1, retry: false },
  UNAUTHORIZED: { status: 401, exit: 3, retry: false },
  FORBIDDEN: { status: 403, exit: 3, retry: false },
  BODY_TOO_LARGE: { status: 413, exit: 1, retry: false },
  UNSUPPORTED_MEDIA_TYPE: { status: 415, exit: 1, retry: false },
  VALIDATION: { status: 422, exit: 1, retry: false },
  UNREACHABLE: { status: 502, exit: 3, retry: true },
  TIMEOUT: { status: 504, exit: 3, retry: true },
  BAD_REPLY: { status: 502, exit: 3, retry: false },

  // A distributed run.
  REDIS_UNREACHABLE: { status: 502, exit: 3, retry: true },
  RUN_NOT_FOUND: { status: 404, exit: 3, retry: true },

  // The controller. start_sample answers the first two with 406, as v0.2 does.
  TASK_NOT_FOUND: { status: 400, exit: 3, retry: true },
  NO_WORKERS_AVAILABLE: { status: 400, exit: 3, retry: true },
  INDEX_OUT_OF_BOUNDS: { status: 400, exit: 1, retry: false },
  INDICES_MISMATCH: { status: 400, exit: 1, retry: true },
  WORKER_ABNORMAL: { status: 400, exit: 1, retry: true },
  WORKER_NOT_RESPONDING: { status: 400, exit: 1, retry: false },
  WORKER_ERROR: { status: 400, exit: 1, retry: false },
  SESSION_NOT_FOUND: { status: 400, exit: 1, retry: false },
  TURN_CONFLICT: { status: 409, exit: 1, retry: false },
  RECOVERING: { status: 503, exit: 3, retry: true },

  // The worker.
  WRONG_WORKER: { status: 409, exit: 1, retry: false },
  SESSION_EXISTS: { status: 400, exit: 1, retry: false },
  SESSION_BUSY: { status: 400, exit: 1, retry: false },
  CONCURRENCY_LIMIT: { status: 406, exit: 1, retry: true },
  TASK_ERROR: { status: 501, exit: 1, retry: false },
  /** Ended from outside, before its turn was over: whatever the task made of it is no result. */
  SESSION_CANCELLED: { status: 400, exit: 1, retry: false },
} as const satisfies Record<string, { status: number; exit: number; retry: boolean }>;

export type ErrorCode = keyof typeof errorTable;

export interface CodedErrorOptions extends ErrorOptions {
  /** Overrides the table's HTTP status. */
  status?: number;
  /** Replaces the message as `detail` of an HTTP reply. */
  detail?: unknown;
  /** Seconds, sent as Retry-After. */
  retryAfterS?: number;
}

/**
 * An error that a user or a peer can meet: a stable code, and a message that says what, where, and what to do.
 * (Not named after the scope: `EvalError` is a built-in of the language.)
 */
export class CodedError extends Error {
  override readonly name = "CodedError";
  readonly status: number;
  readonly detail: unknown;
  readonly retryAfterS: number | undefined;

  constructor(
    readonly code: ErrorCode,
    message: string,
    options: CodedErrorOptions = {},
  ) {
    super(message, options);
    this.status = options.status ?? errorTable[code].status;
    this.detail = options.detail ?? message;
    this.retryAfterS = options.retryAfterS;
  }
}

/** Recognizes a CodedError by its shape, so that two installed copies of this package understand each other. */
export function isCodedError(error: unknown): error is CodedError {
  return error instanceof Error && error.name === "CodedError" && "code" in error && isErrorCode(error.code);
}

export function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === "string" && Object.hasOwn(errorTable, code);
}
