import type { Dispatcher, Pool } from "undici";
import { CodedError, type ErrorCode } from "../error.js";

export interface RawRequest {
  method: "GET" | "POST";
  path: string;
  /** Name, value, name, value, ...: what undici takes without another look. */
  headers: string[];
  body: string | AsyncIterable<string | Uint8Array> | undefined;
}

export interface RawResponse {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: string;
}

export interface ExchangeLimits {
  /** Until the reply is complete, waiting for a connection included, in milliseconds. */
  timeoutMs: number;
  signal: AbortSignal | undefined;
  /** For messages. */
  address: string;
}

/** UNREACHABLE, TIMEOUT or BAD_REPLY, and whether the request certainly never reached a server. */
export class TransportError extends CodedError {
  constructor(
    code: ErrorCode,
    message: string,
    readonly neverSent: boolean,
    options?: ErrorOptions,
  ) {
    super(code, message, options);
  }
}

/** A reply beyond this is not one of ours; a longer text could not be held as one string either. */
const maxReplyBytes = 256 * 1024 * 1024;

/**
 * One request and its whole reply. undici's own timers are coarse (half a second and more) and count silence, not the
 * whole call, so the deadline is a timer of this exchange.
 */
export function exchange(pool: Pool, request: RawRequest, limits: ExchangeLimits): Promise<RawResponse> {
  return new Promise((resolve, reject) => {
    const handler = new ExchangeHandler(limits, resolve, reject);
    if (limits.signal?.aborted) return handler.fail(limits.signal.reason);
    const { method, path, headers } = request;
    const body = (request.body ?? null) as string | null;
    pool.dispatch({ method, path, headers, body, headersTimeout: 0, bodyTimeout: 0 }, handler);
  });
}

class ExchangeHandler implements Dispatcher.DispatchHandler {
  readonly #chunks: Buffer[] = [];
  readonly #timer: NodeJS.Timeout;
  #bytes = 0;
  #status = 0;
  #headers: RawResponse["headers"] = {};
  #controller: Dispatcher.DispatchController | undefined;
  #settled = false;

  constructor(
    private readonly limits: ExchangeLimits,
    private readonly resolve: (response: RawResponse) => void,
    private readonly reject: (error: unknown) => void,
  ) {
    this.#timer = setTimeout(() => this.#timeOut(), limits.timeoutMs);
    limits.signal?.addEventListener("abort", this.#abort);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    // Given up while it still waited for a connection: it must not be sent now.
    if (this.#settled) controller.abort(new Error("given up"));
  }

  onResponseStart(_controller: unknown, status: number, headers: RawResponse["headers"]): void {
    this.#status = status;
    this.#headers = headers;
  }

  onResponseData(_controller: unknown, chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (this.#bytes <= maxReplyBytes) this.#chunks.push(chunk);
    else this.fail(this.#error("BAD_REPLY", `sent more than ${maxReplyBytes} bytes`));
  }

  onResponseEnd(): void {
    const [first] = this.#chunks;
    const body = this.#chunks.length === 1 ? String(first) : Buffer.concat(this.#chunks).toString();
    if (this.#settle()) this.resolve({ status: this.#status, headers: this.#headers, body });
  }

  onResponseError(_controller: unknown, error: Error): void {
    this.fail(this.#error("UNREACHABLE", "is unreachable", error));
  }

  fail(error: unknown): void {
    if (!this.#settle()) return;
    this.#controller?.abort(new Error("given up"));
    this.reject(error);
  }

  readonly #abort = () => this.fail(this.limits.signal?.reason);

  #timeOut(): void {
    const within = `within ${this.limits.timeoutMs / 1000} s`;
    if (this.#controller) this.fail(this.#error("TIMEOUT", `did not answer ${within}`));
    else this.fail(this.#error("UNREACHABLE", `did not accept a connection ${within}`));
  }

  #error(code: ErrorCode, what: string, cause?: Error): TransportError {
    const neverSent = this.#controller === undefined;
    return new TransportError(code, `${this.limits.address} ${what}`, neverSent, cause && { cause });
  }

  /** False when it was settled before. */
  #settle(): boolean {
    if (this.#settled) return false;
    this.#settled = true;
    clearTimeout(this.#timer);
    this.limits.signal?.removeEventListener("abort", this.#abort);
    return true;
  }
}
