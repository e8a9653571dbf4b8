import { mysqlName } from "../identifiers.js";
import type { ReadTask } from "./baseline-reading.js";

const most = /\b(most|highest|largest|longest|biggest|greatest|latest|tallest|heaviest|last|maximum|newest)\b/i;
const least = /\b(least|lowest|smallest|shortest|fewest|earliest|lightest|first|minimum|oldest)\b/i;

/** One statement that may fit the question. */
export function guessStatement(task: ReadTask): string {
  const { question, quoted, headers } = task;
  if (/^\s*(insert|add)\b/i.test(question) && quoted.length >= headers.length) return guessInsert(task);
  if (/^\s*(update|change|set)\b/i.test(question) && quoted.length >= 2) return guessUpdate(task);
  return guessSelect(task);
}

function guessInsert({ table, headers, quoted }: ReadTask): string {
  return `INSERT INTO ${mysqlName(table)} VALUES (${quoted.slice(-headers.length).map(text).join(", ")})`;
}

/** Takes the last text for the new value, the first one for the row's name. */
function guessUpdate(task: ReadTask): string {
  const target = mentioned(task)[0] ?? task.headers[1] ?? "";
  const [key = "", value = ""] = [task.quoted[0], task.quoted.at(-1)];
  return `UPDATE ${mysqlName(task.table)} SET ${mysqlName(target)} = ${text(value)} WHERE ${mysqlName(task.headers[0] ?? "")} = ${text(key)}`;
}

function guessSelect(task: ReadTask): string {
  const { question, table, headers } = task;
  const [target = headers[0] ?? "", other] = mentioned(task);
  const from = `FROM ${mysqlName(table)}${condition(task)}`;
  const number = `(${mysqlName(target)} + 0)`;
  if (/\bhow many\b|\bnumber of\b/i.test(question)) return `SELECT COUNT(*) ${from}`;
  if (/\b(total|sum)\b/i.test(question)) return `SELECT SUM${number} ${from}`;
  if (/\b(average|mean)\b/i.test(question)) return `SELECT AVG${number} ${from}`;
  const descending = most.test(question);
  if (!descending && !least.test(question)) return `SELECT ${mysqlName(target)} ${from}`;
  const [shown, by] = other === undefined ? [headers[0] ?? "", target] : [target, other];
  return `SELECT ${mysqlName(shown)} ${from} ORDER BY (${mysqlName(by)} + 0) ${descending ? "DESC" : "ASC"} LIMIT 1`;
}

/** Headers that occur in the question, in the order in which it names them. */
function mentioned({ question, headers }: ReadTask): string[] {
  const lower = question.toLowerCase();
  const places = headers.map((header) => ({ header, place: lower.indexOf(header.toLowerCase()) }));
  return places
    .filter(({ place }) => place >= 0)
    .sort((a, b) => a.place - b.place)
    .map(({ header }) => header);
}

/** Looks for a quoted text, else for a capitalised name inside the question, in every column. */
function condition({ question, headers, quoted }: ReadTask): string {
  const names = question.match(/(?<=\s)\p{Lu}[\p{L}'-]*(?:\s\p{Lu}[\p{L}'-]*)*/gu) ?? [];
  const isHeader = (name: string): boolean => headers.some((header) => header.toLowerCase() === name.toLowerCase());
  const sought = quoted[0] ?? names.find((name) => !isHeader(name));
  if (sought === undefined) return "";
  return ` WHERE ${headers.map((header) => `${mysqlName(header)} = ${text(sought)}`).join(" OR ")}`;
}

function text(value: string): string {
  return `'${value.replaceAll("'", "''")}'`;
}
