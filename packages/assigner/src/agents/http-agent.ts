import { messageOf } from "@eval/protocol";
import type { Agent, BuildContext, Message } from "@eval/protocol/agent";
import { Endpoint } from "./endpoint.js";
import { readEndpointParameters, readUrl } from "./endpoint-parameters.js";
import { type Mapping, ParameterReader } from "./parameters.js";
import { makePrompter, type Prompter } from "./prompter.js";
import { DEFAULT_RETURN_FORMAT, parseReturnFormat, type ReturnFormat } from "./return-format.js";

/**
 * An agent for any HTTP endpoint that accepts JSON, with the parameters of v0.2's HTTPAgent. `inference` sends one
 * request; the caller decides about retries, based on the error's classification:
 * - `context_limit`: an unsuccessful answer that says that the prompt, context or tokens exceed a limit;
 * - `retryable`: 408, 409, 425, 429, 5xx (with the answer's Retry-After), a network error, a time-out, an answer that is
 *   not JSON or lacks a field of `return_format`;
 * - `permanent`: any other 4xx, a redirect to another origin, an untrusted certificate. v0.2 also sends these requests
 *   three times, with the same result.
 */
export class HttpAgent implements Agent {
  readonly #endpoint: Endpoint;
  readonly #body: Mapping;
  readonly #prompter: Prompter;
  readonly #format: ReturnFormat;

  /**
   * Parameters: `url` (required), `headers`, `body` (constant keys of the request), `proxies`, `prompter`,
   * `return_format` (default `{response}`), `timeout_s` (seconds for one request, default 120). Others are ignored, as in
   * v0.2.
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
        error instanceof SyntaxError ? "it is not JSON" : `return_format does not match it: ${messageOf(error)}`;
      throw this.#endpoint.misfit(answer, why);
    }
  }
}
