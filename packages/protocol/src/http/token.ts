import { createHash, timingSafeEqual } from "node:crypto";

/**
 * Makes the check whether an Authorization header carries the token: `Bearer <token>`, or Basic with the token as
 * password (so that a v0.2 peer can carry it inside its URL). Compares in constant time: digests are of one length,
 * and timingSafeEqual looks at all of it.
 */
export function tokenCheck(token: string): (header: string | undefined) => boolean {
  const expected = digest(token);
  return (header) => timingSafeEqual(digest(presentedToken(header)), expected);
}

export function bearer(token: string): string {
  return `Bearer ${token}`;
}

function presentedToken(header: string | undefined): string {
  const [, scheme = "", credentials = ""] = /^(\S+) +(\S+)$/.exec(header ?? "") ?? [];
  if (scheme.toLowerCase() === "bearer") return credentials;
  if (scheme.toLowerCase() !== "basic") return "";
  const decoded = Buffer.from(credentials, "base64").toString("utf8");
  return decoded.slice(decoded.indexOf(":") + 1);
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
