import type { Connection } from "mysql2";
import type { SampleTable } from "../data-set.js";
import { mysqlColumns, mysqlIdentifier, mysqlName } from "../identifiers.js";
import { storedText } from "../stored-text.js";
import { query } from "./mysql-connection.js";

/** Rows of one INSERT. */
const rowsAtOnce = 500;

/** Makes a sample's table with its rows. */
export async function fillTable(connection: Connection, table: SampleTable): Promise<void> {
  const name = mysqlName(mysqlIdentifier(table.table_name, "table_1"));
  const columns = mysqlColumns(table.table_info.columns.map((column) => column.name));
  await query(connection, `CREATE TABLE ${name} (${columns.map((column) => `${mysqlName(column)} TEXT`)})`, 1);
  const { rows } = table.table_info;
  for (let start = 0; start < rows.length; start += rowsAtOnce) {
    const values = rows.slice(start, start + rowsAtOnce).map((row) => {
      return `(${row.map((cell) => connection.escape(storedText(cell))).join(", ")})`;
    });
    await query(connection, `INSERT INTO ${name} VALUES ${values.join(", ")}`, 1);
  }
}
