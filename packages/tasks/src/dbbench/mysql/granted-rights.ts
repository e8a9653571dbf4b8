/** What the schemas of samples are named; their names in a grant have a backslash before each underscore, or none. */
const ownSchema = /^eval\\?_dbbench\\?_/i;

/** Rights on everything that a worker's user may have. */
const allowedEverywhere = new Set(["USAGE", "CREATE USER"]);

/**
 * The rights that a worker's user should not have, out of what `SHOW GRANTS` prints on MariaDB or MySQL, such as `FILE
 * on *.*`. Whatever is not understood counts as one.
 */
export function excessRights(grants: readonly string[]): string[] {
  return grants.flatMap((grant) => excessOf(grant.trim()));
}

function excessOf(grant: string): string[] {
  // Partial revokes of MySQL take rights away.
  if (/^(?:REVOKE|SET DEFAULT ROLE)\s/i.test(grant)) return [];
  const [, rights, object] = /^GRANT (.+?) ON (?:TABLE |FUNCTION |PROCEDURE )?(.+?) TO /i.exec(grant) ?? [];
  if (rights === undefined || object === undefined) return [roleOf(grant)];
  const place = placeOf(object);
  if (place !== undefined && ownSchema.test(place)) return [];
  const names = splitRights(rights);
  if (/ WITH (?:.* )?GRANT OPTION/i.test(grant)) names.push("GRANT OPTION");
  const allowed = object === "*.*" ? allowedEverywhere : new Set(["USAGE"]);
  return names.filter((name) => !allowed.has(name.toUpperCase())).map((name) => `${name} on ${object}`);
}

/** `GRANT role TO user`: what a role may do changes without the user's own grants. */
function roleOf(grant: string): string {
  const [, role] = /^GRANT (.+?) TO /i.exec(grant) ?? [];
  return role === undefined ? grant : `the role ${role}`;
}

/** The schema of an object such as `schema`.*, as it is written. */
function placeOf(object: string): string | undefined {
  return /^[`"]?([^`".]+)[`"]?\./.exec(object)?.[1];
}

/** The names of rights, those on columns with them: `SELECT (a, b), INSERT`. */
function splitRights(rights: string): string[] {
  return (rights.match(/(?:\([^)]*\)|[^,(])+/g) ?? []).map((name) => name.trim());
}
