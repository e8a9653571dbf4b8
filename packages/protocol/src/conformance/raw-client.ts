import { type ClientRequest, type IncomingHttpHeaders, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { CallFailure } from "./check.js";

export interface RawClientOptions {
  /** Ends with /api. May carry a user and a password. */
  base: URL;
  token?: string | undefined;
  /** Of a whole call, in milliseconds. */
  timeoutMs: number;
  /** Ends calls that are under way. */
  signal?: AbortSignal | undefined;
}

export interface Reply {
  /** What was asked, for messages: `POST /interact`. */
  call: string;
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
}

export interface SendOptions {
  /** The body's very text. */
  text?: string;
  headers?: Record<string, string>;
}

/** No reply of the contract comes near it, in bytes. */
const maxReplyBytes = 256 * 1024 * 1024;

/** Sends requests as a v0.2 client does: a new connection each, and none of our headers. */
export class RawClient {
  /** Calls that were answered, in whichever way, and calls that were not. */
  answered = 0;
  unanswered = 0;

  constructor(private readonly options: RawClientOptions) {}

  get timeoutMs(): number {
    return this.options.timeoutMs;
  }

  /** The same, for cleaning up: an interruption does not end its calls. */
  uninterrupted(): RawClient {
    return new RawClient({ ...this.options, signal: undefined });
  }

  get(path: string): Promise<Reply> {
    return this.send("GET", path);
  }

  /** Posts a value as JSON. */
  post(path: string, value: unknown): Promise<Reply> {
    return this.send("POST", path, {
      text: JSON.stringify(value),
      headers: { "content-type": "application/json" },
    });
  }

  /** Resolves with the reply, whatever its status. Rejects with CallFailure. */
  async send(method: string, path: string, { text, headers = {} }: SendOptions = {}): Promise<Reply> {
    const call = `${method} ${path}`;
    try {
      const reply = await this.#exchange(method, path, text, headers);
      this.answered += 1;
      return { call, ...reply };
    } catch (error) {
      this.unanswered += 1;
      throw new CallFailure(`${call}: ${this.#reasonOf(error)}`, { cause: error });
    }
  }

  #exchange(method: string, path: string, text: string | undefined, headers: Record<string, string>) {
    const { base, token, timeoutMs, signal } = this.options;
    const url = new URL(`${base.pathname.replace(/\/$/, "")}${path}`, base);
    [url.username, url.password] = [base.username, base.password];
    const deadline = AbortSignal.timeout(timeoutMs);
    const sent = {
      ...(text !== undefined && { "content-length": String(Buffer.byteLength(text)) }),
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...headers,
    };
    const send = url.protocol === "https:" ? requestHttps : requestHttp;
    const anySignal = signal === undefined ? deadline : AbortSignal.any([signal, deadline]);
    const request = send(url, { method, headers: sent, agent: false, signal: anySignal });
    const reply = readReply(request);
    request.end(text);
    return reply;
  }

  #reasonOf(error: unknown): string {
    const { name, code, message } = error as NodeJS.ErrnoException;
    if (name === "AbortError" || name === "TimeoutError") {
      return this.options.signal?.aborted ? "interrupted" : `no answer within ${this.options.timeoutMs / 1000} s`;
    }
    return code === "ECONNRESET" ? "the connection was closed without an answer" : message;
  }
}

function readReply(request: ClientRequest): Promise<Omit<Reply, "call">> {
  return new Promise((resolve, reject) => {
    request.on("error", reject);
    request.on("response", (response) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on("data", (chunk: Buffer) => {
        chunks.push(chunk);
        bytes += chunk.length;
        if (bytes > maxReplyBytes) request.destroy(new Error(`the reply is longer than ${maxReplyBytes} bytes`));
      });
      response.on("error", reject);
      response.on("end", () => {
        const text = Buffer.concat(chunks).toString("utf8");
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
      });
    });
  });
}
