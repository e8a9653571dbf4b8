export type CsvCell = string | number;

/** v0.2's placeholder for a missing number; not escaped as a formula. */
export const noNumber = "--";

/**
 * Rows as comma-separated values, quoted as in RFC 4180, with v0.2's line ends (LF). A text that a spreadsheet would treat
 * as a formula is prefixed with an apostrophe, which marks it as text; numbers stay numbers.
 */
export function csvText(rows: readonly (readonly CsvCell[])[]): string {
  return rows.map((row) => `${row.map(cellText).join(",")}\n`).join("");
}

function cellText(cell: CsvCell): string {
  if (typeof cell === "number") return String(cell);
  const harmless = /^[=+\-@\t\r]/.test(cell) && cell !== noNumber ? `'${cell}` : cell;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}
