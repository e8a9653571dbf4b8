import { randomBytes } from "node:crypto";
import { mysqlName } from "../identifiers.js";
import { newSchemaName, userOf } from "./sample-schema.js";

/** A sample's schema and the user who owns it. */
export interface SampleAccount {
  schema: string;
  user: string;
  /** From where the user connects, as the server sees it. */
  host: string;
  password: string;
}

/** Connections of one sample's user at once; three are needed, and one that has ended counts for a moment longer. */
const mostConnections = 8;

/** All privileges of an agent in its own schema. Without events, because they would run unsupervised. */
const rights =
  "SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, REFERENCES, INDEX, ALTER, CREATE TEMPORARY TABLES, LOCK TABLES, " +
  "CREATE VIEW, SHOW VIEW, CREATE ROUTINE, ALTER ROUTINE, EXECUTE, TRIGGER";

export function newAccount(mark: string, host: string): SampleAccount {
  return accountOf(newSchemaName(mark), host);
}

/** The account of a schema, with a new password. */
export function accountOf(schema: string, host: string): SampleAccount {
  // With a character of each class, which servers can ask for.
  return { schema, user: userOf(schema), host, password: `${randomBytes(24).toString("hex")}-Aa1` };
}

/** The statements that make a schema and its user. */
export function creationOf(account: SampleAccount): string[] {
  const { schema, password } = account;
  return [
    `CREATE DATABASE ${mysqlName(schema)} CHARACTER SET utf8mb4`,
    `CREATE USER ${accountName(account)} IDENTIFIED BY '${password}' WITH MAX_USER_CONNECTIONS ${mostConnections}`,
    // An underscore that is not escaped stands for any character in a grant.
    `GRANT ${rights} ON ${mysqlName(schema.replaceAll("_", "\\_"))}.* TO ${accountName(account)}`,
  ];
}

/** The statements that drop a schema and its user, the user first. */
export function removalOf(account: SampleAccount): string[] {
  return [`DROP USER IF EXISTS ${accountName(account)}`, `DROP DATABASE IF EXISTS ${mysqlName(account.schema)}`];
}

/** Gives a user its password again: an agent can change it. */
export function passwordReset(account: SampleAccount): string {
  return `ALTER USER ${accountName(account)} IDENTIFIED BY '${account.password}'`;
}

/** The name and the host contain no quotes: the name is generated, the host is an address. */
function accountName({ user, host }: SampleAccount): string {
  return `'${user}'@'${host.replace(/[^0-9A-Za-z.:_%-]/g, "")}'`;
}
