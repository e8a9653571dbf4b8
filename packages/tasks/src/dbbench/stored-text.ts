import type { Cell } from "./data-set.js";

/** A cell as the databases store it: all columns are texts; truth values are 1 and 0, as MySQL has them. */
export function storedText(cell: Cell): string | null {
  if (cell === null) return null;
  return typeof cell === "boolean" ? String(Number(cell)) : String(cell);
}
