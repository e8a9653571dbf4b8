import { createHash, randomBytes } from "node:crypto";

/**
 * 53 bits, all that a JSON number carries exactly: of SHA-256(request id), so that a repeated start finds its session
 * wherever the first try died; random for a client that sends no request id.
 */
export function sessionIdOf(requestId: string | undefined): number {
  const bytes = requestId === undefined ? randomBytes(8) : createHash("sha256").update(requestId).digest();
  return Number(bytes.readBigUInt64BE(0) >> 11n);
}
