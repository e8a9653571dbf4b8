import { createHash } from "node:crypto";

/** The default limit of MySQL's GROUP_CONCAT, in bytes; published hashes were made with it. */
const groupConcatBytes = 1024;

export interface TableHash {
  /** Over all rows. */
  whole: string;
  /** As a server with the default limit computes it; the same as `whole` for tables of up to 170 rows. */
  cut: string;
}

/**
 * The hash of a table's content: for each row the first five hex digits of the MD5 of its columns (joined with `,`,
 * NULL left out), sorted, joined with `,`, and the MD5 of that. Null for a table without rows, as in SQL.
 *
 * @param joinedRows for each row, its columns joined: `CONCAT_WS(',', ...)`
 */
export function tableHash(joinedRows: readonly string[]): TableHash | null {
  if (joinedRows.length === 0) return null;
  const rowHashes = joinedRows.map((row) => md5(row).slice(0, 5));
  const text = rowHashes.sort().join(",");
  return { whole: md5(text), cut: md5(text.slice(0, groupConcatBytes)) };
}

function md5(text: string): string {
  return createHash("md5").update(text, "utf8").digest("hex");
}

/** A hash as data files and results hold it: one row of one value, as Python prints it. */
export function hashText(hash: string | null): string {
  return hash === null ? "[(None,)]" : `[('${hash}',)]`;
}

/** Which of a table's hashes to report: the one that was expected if it is among them. */
export function reportedHash(hash: TableHash | null, expected: string): string {
  if (hash === null) return hashText(null);
  const cut = hashText(hash.cut);
  return sameHash(cut, expected) ? cut : hashText(hash.whole);
}

/** Compares two hashes by the text that data files and results hold. */
export function sameHash(given: string, expected: string): boolean {
  return given.trim() === expected.trim();
}
