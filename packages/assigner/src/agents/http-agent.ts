import { messageOf } from "@eval/protocol";
import type { Agent, BuildContext, Message } from "@eval/protocol/agent";
import { Endpoint } from "./endpoint.js";
import { readEndpointParameters, readUrl } from "./endpoint-parameters.js";
import { type Mapping, ParameterReader } from "./parameters.js";
import { makePrompter, type Prompter } from "./prompter.js";
import { DEFAULT_RETURN_FORMAT, parseReturnFormat, type ReturnFormat } from "./return-format.js";

/**
 * An agent behind any HTTP endpoint that takes JSON: v0.2's HTTPAgent, parameter for parameter. `inference` sends one
 * request; trying again is the caller's, by the failure that the error carries:
 * - `context_limit`: the answer is not a success and speaks of the prompt, context or tokens being over a limit;
 * - `retryable`: 408, 409, 425, 429, 5xx (with the answer's Retry-After), a network fault, a time-out, an answer that
 *   is not JSON or lacks what `return_format` names;
 * - `permanent`: any other 4xx, a redirect to elsewhere, a certificate that is not trusted. v0.2 tries these three
 *   times too, to no other end.
 */
export class HttpAgent implements Agent {
  readonly #endpoint: Endpoint;
  readonly #body: Mapping;
  readonly #prompter: Prompter;
  readonly #format: ReturnFormat;

  /**
   * Parameters: `url` (required), `headers`, `body` (constant keys of the request), `proxies`, `prompter`,
   * `return_format` (default `{response}`), `timeout_s` (seconds for one request, default 120). Others are ignored,
   * as in v0.2.
   * @throws CodedError CONFIG_INVALID that lists every problem.
   */
  constructor({ parameters }: BuildContext) {
    const reader = new ParameterReader("HttpAgent", parameters);
    const url = readUrl(reader, "url");
    const shared = readEndpointParameters(reader);
    const body = reader.mapping("body");
    const prompter = reader.attempt("prompter", () => makePrompter(reader.mapping("prompter")));
    const template = reader.text("return_format", DEFAULT_RETURN_FORMAT);
    const format = reader.attempt("return_format", () => parseReturnFormat(template));
    reader.finish();
    this.#endpoint = new Endpoint({ url, ...shared, body });
    this.#body = body;
    this.#prompter = prompter ?? makePrompter({});
    this.#format = format ?? parseReturnFormat(DEFAULT_RETURN_FORMAT);
  }

  async inference(history: readonly Message[], options: { signal: AbortSignal }): Promise<string> {
    const answer = await this.#endpoint.post({ ...this.#body, ...this.#prompter(history) }, options.signal);
    try {
      return this.#format(JSON.parse(answer.text));
    } catch (error) {
      const why =
        error instanceof SyntaxError ? "that is not JSON" : `return_format does not fit it, ${messageOf(error)}`;
      throw this.#endpoint.misfit(answer, why);
    }
  }
}
