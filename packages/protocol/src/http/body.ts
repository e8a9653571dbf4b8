import type { IncomingMessage } from "node:http";
import { CodedError } from "../error.js";

/** Reads a whole body as UTF-8. Rejects with BODY_TOO_LARGE as soon as the bound is passed. */
export function readBody(request: IncomingMessage, maxBytes: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const tooLarge = () => {
      request.removeAllListeners("data");
      request.resume();
      const limit = `the limit is ${maxBytes} bytes`;
      reject(new CodedError("BODY_TOO_LARGE", `The request's body is too large: ${limit}`));
    };
    if (Number(request.headers["content-length"] ?? 0) > maxBytes) return tooLarge();
    request.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > maxBytes) tooLarge();
      else chunks.push(chunk);
    });
    request.once("end", () => resolve(chunks.length === 1 ? String(chunks[0]) : Buffer.concat(chunks).toString()));
    request.once("error", reject);
    request.once("aborted", () => reject(new CodedError("INTERNAL", "The client went away while it was sending")));
  });
}

/** Splits a stream of bytes into the JSON values of its lines. Rejects with BODY_TOO_LARGE on a longer line. */
export async function* readJsonLines(source: AsyncIterable<Buffer | string>, maxLineBytes: number): AsyncGenerator {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of source) {
    rest += typeof chunk === "string" ? chunk : decoder.decode(chunk, { stream: true });
    const lines = rest.split("\n");
    rest = lines.pop() ?? "";
    if (rest.length > maxLineBytes) throw new CodedError("BODY_TOO_LARGE", `A line is longer than ${maxLineBytes}`);
    for (const line of lines) if (line !== "") yield parseLine(line);
  }
  if (rest.trim() !== "") yield parseLine(rest);
}

function parseLine(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    throw new CodedError("VALIDATION", "a line of the body is not valid JSON", { cause: error });
  }
}
