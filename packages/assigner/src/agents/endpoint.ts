import type { AgentError, AgentFailure } from "@eval/protocol/agent";
import axios, { type AxiosResponse } from "axios";
import { type Connections, connectionsTo } from "./connections.js";
import { DeadlineError, withDeadline } from "./deadline.js";
import { describeExchange, HttpFailureError } from "./http-exchange.js";
import { type Answer, describeFault, failureOfAnswer, failureOfFault, failureOfMisfit } from "./http-failure.js";
import type { Proxies } from "./proxies.js";
import { Redactor, secretsOfBody, secretsOfHeaders, secretsOfUrl } from "./redaction.js";
import { basicCredentials, withoutCredentials } from "./url-credentials.js";

/** Maximum size of an answer; a model's text is always smaller. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;
const MAX_REDIRECTS = 5;

export interface EndpointOptions {
  /** http or https; may contain credentials, which are sent as HTTP Basic. */
  url: URL;
  headers: Record<string, string>;
  proxies: Proxies;
  /** Time limit for one whole request: connecting, sending, and receiving the complete answer. */
  timeoutMs: number;
  /** The constant part of the body, which may contain secrets, as URL, headers and proxies may. */
  body: unknown;
}

/** One address that accepts JSON by POST. Its messages contain no secrets: see {@link Redactor}. */
export class Endpoint {
  readonly #url: URL;
  readonly #headers: Record<string, string>;
  readonly #timeoutMs: number;
  readonly #connections: Connections;
  readonly #redactor: Redactor;

  constructor(options: EndpointOptions) {
    const { url, headers, proxies, timeoutMs } = options;
    this.#url = withoutCredentials(url);
    this.#headers = headersFor(url, headers);
    this.#timeoutMs = timeoutMs;
    this.#connections = connectionsTo(url, proxies, timeoutMs);
    this.#redactor = new Redactor([
      ...secretsOfUrl(url),
      ...secretsOfHeaders(this.#headers),
      ...[...proxies.values()].flatMap(secretsOfUrl),
      ...secretsOfBody(options.body),
    ]);
  }

  /**
   * Sends `body` as JSON once, and resolves with a 2xx answer. Rejects with a classified AgentError, or with an error named
   * `AbortError` as soon as `signal` aborts (if its reason is a DeadlineError, that is a failure as well).
   */
  async post(body: unknown, signal: AbortSignal): Promise<Answer> {
    const text = JSON.stringify(body);
    const answer = await this.#exchange(text, signal);
    if (answer.status >= 200 && answer.status < 300) return answer;
    const moved = isRedirect(answer) ? ` (it points to ${this.#publicAddress(answer.header("location"))})` : "";
    const message = `${this} answered ${answer.status}${moved}: ${this.#redactor.excerpt(answer.text)}`;
    throw this.#failed(message, failureOfAnswer(answer, Date.now()), text, answer);
  }

  /**
   * The failure for a successful but unusable answer; `why` describes the problem. `failure` is derived from the answer's
   * text by default.
   */
  misfit(answer: Answer, why: string, failure: AgentFailure = failureOfMisfit(answer)): AgentError {
    const excerpt = this.#redactor.excerpt(answer.text);
    const message = `${this} answered ${answer.status}, but ${this.#redactor.redact(why)}: ${excerpt}`;
    return this.#failed(message, failure, answer.sent, answer);
  }

  /** The address without credentials and query. */
  toString(): string {
    return `POST ${this.#url.origin}${this.#redactor.redact(this.#url.pathname)}`;
  }

  #failed(message: string, failure: AgentFailure, body: string, answer?: Answer): AgentError {
    const exchanged = { url: this.#url, headers: this.#headers, body, answer };
    return new HttpFailureError(message, failure, () => describeExchange(exchanged, this.#redactor));
  }

  async #exchange(text: string, signal: AbortSignal): Promise<Answer> {
    try {
      return await withDeadline(signal, this.#timeoutMs, (inner) => this.#send(text, inner));
    } catch (error) {
      const late = [signal.reason, error].find((reason) => reason instanceof DeadlineError);
      if (signal.aborted && late === undefined) throw error;
      // The original error is not passed on as the cause: axios attaches the request with its headers to it.
      const why = late?.message ?? describeFault(error);
      throw this.#failed(`${this} failed: ${this.#redactor.redact(why)}`, failureOfFault(error), text);
    }
  }

  /**
   * Follows 307 and 308 within the same origin, where sending credentials is safe. Any other redirect would turn the POST
   * into a GET or send keys to another host: it is treated as a failed answer.
   */
  async #send(text: string, signal: AbortSignal): Promise<Answer> {
    let url = this.#url;
    for (let hop = 0; ; hop += 1) {
      const answer = await this.#sendTo(url, text, signal);
      if (hop === MAX_REDIRECTS || (answer.status !== 307 && answer.status !== 308)) return answer;
      const next = resolved(answer.header("location"), url);
      if (next?.origin !== url.origin) return answer;
      url = withoutCredentials(next);
    }
  }

  async #sendTo(url: URL, text: string, signal: AbortSignal): Promise<Answer> {
    const response = await axios.request<string>({
      ...this.#connections,
      url: url.href,
      method: "POST",
      headers: this.#headers,
      data: text,
      signal,
      adapter: "http",
      responseType: "text",
      transformRequest: [],
      transformResponse: [],
      validateStatus: () => true,
      maxRedirects: 0,
      maxBodyLength: Number.POSITIVE_INFINITY,
      maxContentLength: MAX_ANSWER_BYTES,
    });
    const headers = headersOf(response);
    const header = (name: string) => (Object.hasOwn(headers, name) ? headers[name] : undefined);
    return { status: response.status, header, headers, text: response.data, sent: text };
  }

  #publicAddress(location: string | undefined): string {
    const url = resolved(location, this.#url);
    return url === undefined ? "nowhere" : this.#redactor.redact(url.origin + url.pathname);
  }
}

function headersFor(url: URL, headers: Record<string, string>): Record<string, string> {
  const given = new Set(Object.keys(headers).map((name) => name.toLowerCase()));
  const credentials = basicCredentials(url);
  const kept = Object.entries(headers).filter(([name]) => !credentials || name.toLowerCase() !== "authorization");
  return {
    ...(given.has("content-type") ? {} : { "content-type": "application/json" }),
    ...Object.fromEntries(kept),
    ...(credentials && { authorization: credentials }),
  };
}

function headersOf(response: AxiosResponse<string>): Record<string, string> {
  return Object.fromEntries(Object.entries(response.headers).map(([name, value]) => [name, String(value)]));
}

function isRedirect(answer: Answer): boolean {
  return answer.status >= 300 && answer.status < 400 && answer.header("location") !== undefined;
}

function resolved(location: string | undefined, base: URL): URL | undefined {
  return location !== undefined && URL.canParse(location, base.href) ? new URL(location, base) : undefined;
}
