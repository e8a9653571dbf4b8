import type { EngineLimits } from "./engine-messages.js";

const mebibyte = 1024 * 1024;
const pageBytes = 4096;

/**
 * A quarter of the memory is for the database. While that grows, the engine holds it twice at times, and what a
 * statement may have to undo; the heap's limit leaves room for the engine itself.
 */
export function engineLimits(memoryMb: number): EngineLimits {
  const memory = memoryMb * mebibyte;
  const databasePages = Math.floor(memory / 4 / pageBytes);
  return { memory, heap: Math.floor(memory * 0.75), databasePages, value: mebibyte, reply: memory / 2 };
}
