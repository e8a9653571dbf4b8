import type { ServerResponse } from "node:http";
import { CodedError, isCodedError } from "../error.js";
import { readPeer } from "./peer.js";

/** A reply whose body is already JSON text: a router passes it through without reading it. */
export class RawReply {
  constructor(
    readonly status: number,
    readonly body: string | Buffer,
    readonly headers: Record<string, string> = {},
  ) {}
}

/** Names and values in turn: the form that node writes without building a map. */
export type FlatHeaders = readonly string[];

export function writeReply(response: ServerResponse, value: unknown, own: FlatHeaders): void {
  if (value instanceof RawReply) write(response, value.status, value.body, own, value.headers);
  else write(response, 200, JSON.stringify(value ?? null), own);
}

/** Answers with an error in the wire's form: `{"detail": ..., "code": ...}`; to a v0.2 peer without the code. */
export function writeError(
  response: ServerResponse,
  error: unknown,
  own: FlatHeaders,
  headers: Record<string, string> = {},
): void {
  const coded = isCodedError(error) ? error : new CodedError("INTERNAL", "Internal Server Error");
  const retry = coded.retryAfterS === undefined ? {} : { "retry-after": String(coded.retryAfterS) };
  const isOurs = readPeer(response.req.headers).instance !== undefined;
  const body = isOurs ? { detail: coded.detail, code: coded.code } : { detail: coded.detail };
  write(response, coded.status, JSON.stringify(body), own, { ...headers, ...retry });
}

function write(
  response: ServerResponse,
  status: number,
  body: string | Buffer,
  own: FlatHeaders,
  headers?: Record<string, string>,
): void {
  if (response.headersSent || response.destroyed) return;
  const all = [...own, "content-type", "application/json", "content-length", String(Buffer.byteLength(body))];
  for (const name in headers) all.push(name, headers[name] as string);
  response.writeHead(status, all);
  response.end(body);
}
