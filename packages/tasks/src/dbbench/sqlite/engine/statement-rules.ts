import { actions } from "./sqlite-codes.js";

/** These tell about tables and change nothing; they work as table-valued functions, too. */
const readingPragmas = new Set([
  "table_info",
  "table_xinfo",
  "table_list",
  "index_list",
  "index_info",
  "index_xinfo",
  "foreign_key_list",
  // Full-text tables ask for these two.
  "data_version",
  "page_size",
]);

/**
 * What an agent may not do: open other databases, and change the engine's settings or limits. The engine asks for each
 * action of a statement, wherever in the statement it is. Returns the name of the refused statement.
 */
export function refusedAction(action: number, name: string): string | undefined {
  // VACUUM attaches a database, too.
  if (action === actions.attach) return "ATTACH";
  if (action === actions.detach) return "DETACH";
  if (action === actions.pragma && !readingPragmas.has(name.toLowerCase())) return "PRAGMA";
  return undefined;
}
