export type CsvCell = string | number;

/** v0.2's sign for a number that there is not; no formula. */
export const noNumber = "--";

/**
 * Rows as comma-separated values, quoted as RFC 4180 has it, with v0.2's line ends (LF). A text that a spreadsheet would
 * take for a formula gets an apostrophe in front, by which spreadsheets know a text; numbers stay numbers.
 */
export function csvText(rows: readonly (readonly CsvCell[])[]): string {
  return rows.map((row) => `${row.map(cellText).join(",")}\n`).join("");
}

function cellText(cell: CsvCell): string {
  if (typeof cell === "number") return String(cell);
  const harmless = /^[=+\-@\t\r]/.test(cell) && cell !== noNumber ? `'${cell}` : cell;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}
