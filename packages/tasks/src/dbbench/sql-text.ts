import { StatementError } from "./database.js";

/**
 * The tokens of a statement that matter here, in MySQL's reading, which is the dialect agents are used to: texts with
 * backslash escapes, quoted names, comments, semicolons, and everything else a character at a time.
 */
const tokenPattern =
  /'(?:[^'\\]|\\[\s\S]|'')*'|"(?:[^"\\]|\\[\s\S]|"")*"|`(?:[^`]|``)*`|--(?=\s|$)[^\n]*|#[^\n]*|\/\*[\s\S]*?\*\/|[\s\S]/g;

function isComment(token: string): boolean {
  return /^(?:--|\/\*|#)/.test(token);
}

/** The statements of a text, without the semicolons between them; comments alone are none. */
export function splitStatements(text: string): string[] {
  const statements: string[] = [];
  let statement = "";
  let empty = true;
  for (const token of [...(text.match(tokenPattern) ?? []), ";"]) {
    if (token !== ";") {
      statement += token;
      empty &&= isComment(token) || /^\s*$/.test(token);
      continue;
    }
    if (!empty) statements.push(statement.trim());
    statement = "";
    empty = true;
  }
  return statements;
}

/** The first word of a statement in upper case, comments and opening parentheses skipped. */
export function firstWord(statement: string): string {
  const tokens = statement.match(tokenPattern) ?? [];
  const code = tokens.filter((token) => !isComment(token)).join("");
  return /^[\s(]*([a-z]+)/i.exec(code)?.[1]?.toUpperCase() ?? "";
}

const escapes: Record<string, string> = { n: "\n", r: "\r", t: "\t", b: "\b", "0": "\0", Z: "\x1a" };

/** Rewrites single-quoted texts that use MySQL's backslash escapes into the form that SQLite reads. */
export function withoutBackslashEscapes(statement: string): string {
  return statement.replace(tokenPattern, (token) => {
    if (!token.startsWith("'") || !token.includes("\\")) return token;
    return token.replace(/\\([\s\S])/g, (whole, character: string) => {
      if (character === "'") return "''";
      // MySQL keeps the backslash of these two: they are for LIKE.
      return character === "%" || character === "_" ? whole : (escapes[character] ?? character);
    });
  });
}

/** The only statement of a text. Several are refused, and none of them is run: an operation is one statement. */
export function onlyStatement(text: string): string {
  const [statement, ...others] = splitStatements(text);
  if (statement === undefined) throw new StatementError("There is no statement to run");
  if (others.length > 0) throw new StatementError("Only one statement can be run at a time; none of them was run");
  return statement;
}
