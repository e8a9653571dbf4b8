import { createHash, timingSafeEqual } from "node:crypto";

/**
 * Whether an Authorization header carries the token: `Bearer <token>`, or Basic with the token as password (so that a
 * v0.2 peer can carry it inside its URL). Compared in constant time.
 */
export function isAuthorized(header: string | undefined, token: string): boolean {
  return equalInConstantTime(presentedToken(header), token);
}

export function bearer(token: string): string {
  return `Bearer ${token}`;
}

function presentedToken(header: string | undefined): string {
  const [scheme = "", credentials = ""] = (header ?? "").split(" ", 2);
  if (scheme.toLowerCase() === "bearer") return credentials;
  if (scheme.toLowerCase() !== "basic") return "";
  const decoded = Buffer.from(credentials, "base64").toString("utf8");
  return decoded.slice(decoded.indexOf(":") + 1);
}

function equalInConstantTime(presented: string, expected: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(presented), digest(expected));
}
