import type { IncomingMessage } from "node:http";
import { CodedError } from "../error.js";

/** Reads a whole body as UTF-8. Rejects with BODY_TOO_LARGE as soon as the bound is passed. */
export function readBody(request: IncomingMessage, maxBytes: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const tooLarge = () => {
      request.removeAllListeners("data");
      discard(request);
      reject(new CodedError("BODY_TOO_LARGE", `The request's body is too large: the limit is ${maxBytes} bytes`));
    };
    if (Number(request.headers["content-length"] ?? 0) > maxBytes) return tooLarge();
    request.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > maxBytes) tooLarge();
      else chunks.push(chunk);
    });
    request.once("end", () => resolve(chunks.length === 1 ? String(chunks[0]) : Buffer.concat(chunks).toString()));
    // Every request closes in the end; an error is made (with its costly stack) only for one that was cut off.
    const gone = () => {
      if (!request.complete) reject(new CodedError("INTERNAL", "The client disconnected while it was sending"));
    };
    request.once("error", gone);
    request.once("close", gone);
  });
}

const maxDiscardedBytes = 128 * 1024 * 1024;

/** Lets a sender finish, so that it reads the answer, but cuts it off when it goes on for too long. */
export function discard(request: IncomingMessage): void {
  let bytes = 0;
  request.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > maxDiscardedBytes) request.destroy();
  });
}

/** Splits a stream of bytes into the JSON values of its lines. Rejects with BODY_TOO_LARGE on a longer line. */
export async function* readJsonLines(source: AsyncIterable<Buffer | string>, maxLineBytes: number): AsyncGenerator {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of source) {
    const text = typeof chunk === "string" ? chunk : decoder.decode(chunk, { stream: true });
    // Only what is new is searched: a long line may come in a thousand pieces.
    const end = text.lastIndexOf("\n");
    const lines = end < 0 ? [] : (rest + text.slice(0, end)).split("\n");
    rest = end < 0 ? rest + text : text.slice(end + 1);
    if (rest.length > maxLineBytes)
      throw new CodedError("BODY_TOO_LARGE", `A line is longer than the limit of ${maxLineBytes} bytes`);
    for (const line of lines) if (line.trim() !== "") yield parseLine(line);
  }
  if (rest.trim() !== "") yield parseLine(rest);
}

function parseLine(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    // Without the parser's message: it quotes the line.
    throw new CodedError("VALIDATION", "a line of the body is not valid JSON");
  }
}
