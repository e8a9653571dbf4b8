import Table from "cli-table3";
import { formatNumber } from "../../results/summary.js";
import type { Comparison } from "./comparison.js";

/** The main metrics as a text table: one row per agent, one column per task; no trailing newline. */
export function renderComparison({ summary }: Pick<Comparison, "summary">): string {
  const [head = [], ...rows] = summary.map((row) => row.map(shown));
  const colAligns = head.map((_, at) => (at === 0 ? "left" : "right") as "left" | "right");
  const table = new Table({ head, colAligns, style: { head: [], border: [] } });
  table.push(...rows);
  return table.toString();
}

function shown(cell: string | number): string {
  return typeof cell === "number" ? formatNumber(cell) : cell;
}
