import { CodedError, type ErrorCode, isCodedError } from "@eval/protocol";
import type { Peer } from "@eval/protocol/http-server";
import type { Logger } from "@eval/protocol/logger";
import { isOurs } from "./worker-reply.js";

/** Whole texts of v0.2, where ours begin with them and say more. */
const texts: Partial<Record<ErrorCode, string>> = {
  INDICES_MISMATCH: "Error: Task already exists with different indices",
  WORKER_ABNORMAL: "Error: Worker status abnormal",
};

/** What comes of a call, with its errors in v0.2's words for a v0.2 peer; what these leave out is logged. */
export async function inWordsOf<Value>(peer: Peer, call: Promise<Value>, logger: Logger): Promise<Value> {
  if (isOurs(peer)) return call;
  return call.catch((error: unknown) => {
    const detail = isCodedError(error) ? texts[error.code] : undefined;
    if (!isCodedError(error) || detail === undefined) throw error;
    logger.warn(error.message);
    throw new CodedError(error.code, error.message, { detail });
  });
}
