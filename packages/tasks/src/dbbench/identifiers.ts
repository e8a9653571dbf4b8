/** Quotes a name for SQLite. */
export function sqliteName(name: string): string {
  return `"${name.replaceAll("\0", "").replaceAll('"', '""')}"`;
}

/** Quotes a name for MySQL. */
export function mysqlName(name: string): string {
  return `\`${name.replaceAll("`", "``")}\``;
}

const mysqlNameLength = 64;

/**
 * The nearest name that MySQL accepts: at most 64 characters of the basic plane, no trailing space, not empty.
 * Names that are fine stay as they are.
 */
export function mysqlIdentifier(name: string, fallback: string): string {
  const plain = name.replace(/[\0\u{10000}-\u{10FFFF}]/gu, "_");
  return plain.slice(0, mysqlNameLength).trimEnd() || fallback;
}

/** MySQL's names for columns: acceptable ones, and no two the same but for case. */
export function mysqlColumns(names: readonly string[]): string[] {
  return distinct(names.map((name, index) => mysqlIdentifier(name, `column_${index + 1}`)));
}

/** Appends a number to a repeated name (ignoring case): both engines refuse the same column twice. */
export function distinct(names: readonly string[]): string[] {
  const taken = new Set<string>();
  return names.map((name) => {
    let candidate = name;
    for (let count = 2; taken.has(candidate.toLowerCase()); count += 1) {
      const suffix = `_${count}`;
      candidate = `${name.slice(0, mysqlNameLength - suffix.length)}${suffix}`;
    }
    taken.add(candidate.toLowerCase());
    return candidate;
  });
}
