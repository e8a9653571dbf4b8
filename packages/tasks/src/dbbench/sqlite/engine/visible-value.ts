import type { SqlValue } from "../../python/python-text.js";

/**
 * Bytes of a text or a blob that are kept at least. The agent sees 800 characters; 3,200 units of a text are printed
 * at most (see python-text.ts), which take up to 9,600 bytes.
 */
const keptBytes = 12_800;

const quotes = [0x27, 0x22];

/**
 * A text or a blob as far as it can be visible. Which quotes Python prints around it depends on all of it: those of
 * the part that is left out are kept behind the rest. So it prints as the whole would.
 */
export function visiblePart(bytes: Uint8Array): Uint8Array {
  if (bytes.length <= keptBytes + quotes.length) return bytes;
  let end = keptBytes;
  while (((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  const rest = bytes.subarray(end);
  return Uint8Array.from([...bytes.subarray(0, end), ...quotes.filter((quote) => rest.includes(quote))]);
}

/** Bytes that a value takes in a reply, roughly. */
export function replyBytes(value: SqlValue): number {
  if (typeof value === "string") return 16 + value.length * 2;
  return value instanceof Uint8Array ? 16 + value.length : 16;
}
