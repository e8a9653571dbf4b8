import { randomBytes } from "node:crypto";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface MadeToken {
  token: string;
  /** A file that only this user can read, with the token in it. */
  file: string;
  /** The folder that was made for it. */
  folder: string;
}

/** A token for the started processes, in a file and not in the log, because logs are stored, forwarded and read by others. */
export function makeToken(): MadeToken {
  const token = randomBytes(24).toString("base64url");
  const folder = mkdtempSync(join(tmpdir(), "eval-start-task-"));
  const file = join(folder, "token");
  writeFileSync(file, `${token}\n`, { mode: 0o600 });
  return { token, file, folder };
}
