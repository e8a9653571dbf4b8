import { once } from "node:events";
import type { Readable, Writable } from "node:stream";
import { StringDecoder } from "node:string_decoder";

/** A line without an end is written in pieces of this many characters. */
const longestLine = 64 * 1024;

/** Writes every line of `source` to `target` with the prefix `prefix() | `, whole lines at a time. Resolves at the end. */
export async function prefixLines(source: Readable, target: Writable, prefix: () => string): Promise<void> {
  const decoder = new StringDecoder("utf8");
  let rest = "";
  const write = async (lines: string[]) => {
    if (lines.length === 0) return;
    const text = lines.map((line) => `${prefix()} | ${line.replace(/\r$/, "")}\n`).join("");
    if (!target.write(text)) await drained(target);
  };
  try {
    for await (const chunk of source) {
      const lines = (rest + decoder.write(chunk)).split("\n");
      rest = lines.pop() ?? "";
      if (rest.length > longestLine) lines.push(rest);
      if (rest.length > longestLine) rest = "";
      await write(lines);
    }
  } catch {
    // The stream was cut because the process is gone; what came is shown.
  }
  rest += decoder.end();
  if (rest !== "") await write([rest]);
}

const draining = new WeakMap<Writable, Promise<unknown>>();

/** Shared by all callers that wait for the same stream. A stream that failed or closed blocks no caller. */
function drained(target: Writable): Promise<unknown> {
  if (target.destroyed) return Promise.resolve();
  const known = draining.get(target);
  if (known) return known;
  const done = Promise.race([once(target, "drain"), once(target, "close")])
    .catch(() => {})
    .finally(() => draining.delete(target));
  draining.set(target, done);
  return done;
}
