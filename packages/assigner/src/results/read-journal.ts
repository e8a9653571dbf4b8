import { createReadStream } from "node:fs";
import { type JournalLine, parseLine } from "./journal-record.js";

/** Bytes `start` to `end` of a file, without the newline. */
export interface Span {
  start: number;
  end: number;
}

/** Damage of a file. Reading does not change the file; see repairJournal. */
export interface JournalDamage {
  /** The last line, if a crash cut it off. */
  torn: Span | undefined;
  /** Lines that are not records. */
  corrupt: Span[];
  /** The last line is complete but has no newline. */
  unended: boolean;
}

const newline = 0x0a;

/**
 * Reads a journal line by line, with one line in memory at a time, and returns the damage found. A missing file counts as
 * empty. Empty lines are ignored.
 *
 * @param visit called with each record and its line
 */
export async function readJournal(
  path: string,
  visit: (line: JournalLine, text: string) => void,
): Promise<JournalDamage> {
  const damage: JournalDamage = { torn: undefined, corrupt: [], unended: false };
  for await (const { text, span, ended } of journalLines(path)) {
    const line = parseLine(text);
    if (line !== undefined) visit(line, text);
    else if (!ended) damage.torn = span;
    else if (text.trim() !== "") damage.corrupt.push(span);
    if (line !== undefined && !ended) damage.unended = true;
  }
  return damage;
}

interface RawLine {
  text: string;
  span: Span;
  /** False only for a last line without a newline. */
  ended: boolean;
}

export async function* journalLines(path: string): AsyncGenerator<RawLine> {
  let parts: Buffer[] = [];
  let start = 0;
  let length = 0;
  const take = (ended: boolean): RawLine => {
    const line = { text: Buffer.concat(parts, length).toString(), span: { start, end: start + length }, ended };
    start += length + 1;
    parts = [];
    length = 0;
    return line;
  };
  for await (const chunk of chunks(path)) {
    let from = 0;
    for (let at = chunk.indexOf(newline); at >= 0; at = chunk.indexOf(newline, from)) {
      parts.push(chunk.subarray(from, at));
      length += at - from;
      from = at + 1;
      yield take(true);
    }
    if (from < chunk.length) parts.push(chunk.subarray(from));
    length += chunk.length - from;
  }
  if (length > 0) yield take(false);
}

async function* chunks(path: string): AsyncGenerator<Buffer> {
  try {
    yield* createReadStream(path, { highWaterMark: 1 << 18 }) as AsyncIterable<Buffer>;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}
