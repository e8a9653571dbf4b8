import type { Agent, BuildContext, Message } from "@eval/protocol/agent";
import { type ChatReply, readChatReply } from "./chat-reply.js";
import { Endpoint } from "./endpoint.js";
import { readEndpointParameters, readUrl } from "./endpoint-parameters.js";
import type { Answer } from "./http-failure.js";
import { type Mapping, ParameterReader } from "./parameters.js";

const DEFAULT_BASE_URL = "https://api.openai.com/v1";

const KNOWN = [
  "name",
  "base_url",
  "model",
  "api_key",
  "temperature",
  "max_tokens",
  "timeout_s",
  "system",
  "extra_body",
  "headers",
  "proxies",
];

/**
 * An agent for any endpoint with OpenAI's chat completions API. `inference` sends one request; failures are classified as
 * in {@link HttpAgent}, and:
 * - an empty answer that ended because of its length, without a limit on the answer in the parameters, is the context
 *   limit;
 * - any other empty answer counts as an answer: the empty string, which the task scores. (With retries, an agent that
 *   says nothing would fail the sample without being scored.) The text of a refusal counts as the answer.
 */
export class OpenAIChatAgent implements Agent {
  readonly #endpoint: Endpoint;
  readonly #body: Mapping;
  readonly #opening: readonly Mapping[];

  /**
   * Parameters: `model` (required), `base_url` (default `https://api.openai.com/v1`), `api_key`, `temperature`,
   * `max_tokens`, `timeout_s` (seconds for one request, default 120), `system` (a first message with that role),
   * `extra_body` (additional keys of the request), `headers`, `proxies`.
   * @throws CodedError CONFIG_INVALID that lists every problem, including unknown parameters.
   */
  constructor({ parameters }: BuildContext) {
    const reader = new ParameterReader("OpenAIChatAgent", parameters);
    reader.refuseUnknown(KNOWN);
    const url = completionsUrl(readUrl(reader, "base_url", DEFAULT_BASE_URL));
    const apiKey = readApiKey(reader);
    const shared = readEndpointParameters(reader);
    const system = reader.text("system", "");
    const body = readBody(reader);
    reader.finish();
    // `headers` override the default: an endpoint may expect its key under another name or scheme.
    const headers = apiKey === "" ? shared.headers : withDefault("authorization", `Bearer ${apiKey}`, shared.headers);
    this.#endpoint = new Endpoint({ url, ...shared, headers, body });
    this.#body = body;
    this.#opening = system === "" ? [] : [{ role: "system", content: system }];
  }

  async inference(history: readonly Message[], options: { signal: AbortSignal }): Promise<string> {
    const said = history.map(({ role, content }) => ({ role: role === "agent" ? "assistant" : "user", content }));
    const answer = await this.#endpoint.post({ ...this.#body, messages: [...this.#opening, ...said] }, options.signal);
    const reply = this.#read(answer);
    if (reply.text === "" && reply.finish === "length" && !this.#limitsAnswer()) {
      throw this.#endpoint.misfit(answer, "it ended because of its length, before the first word", {
        kind: "context_limit",
      });
    }
    return reply.text;
  }

  #read(answer: Answer): ChatReply {
    try {
      return readChatReply(answer.text);
    } catch (error) {
      throw this.#endpoint.misfit(answer, error instanceof Error ? error.message : String(error));
    }
  }

  #limitsAnswer(): boolean {
    return typeof this.#body.max_tokens === "number" || typeof this.#body.max_completion_tokens === "number";
  }
}

/** `<base>/chat/completions`, keeping the query of the base (Azure's `api-version`). */
function completionsUrl(base: URL): URL {
  const url = new URL(base);
  url.pathname = `${url.pathname.replace(/\/+$/, "")}/chat/completions`;
  return url;
}

function readApiKey(reader: ParameterReader): string {
  const key = reader.text("api_key", "").trim();
  // A bearer token is printable ASCII; a line break usually means that the key was read from a file.
  if (!/^[\x21-\x7e]*$/.test(key)) reader.report("api_key", "contains a character that is not allowed in keys");
  return key;
}

function readBody(reader: ParameterReader): Mapping {
  const extra = reader.mapping("extra_body");
  if (extra.stream) reader.report("extra_body.stream", "streaming is not supported; remove it");
  if ("messages" in extra) reader.report("extra_body.messages", "is generated from the history; remove it");
  const temperature = reader.number("temperature", { minimum: 0 });
  const maxTokens = reader.number("max_tokens", { minimum: 1, integer: true });
  return {
    model: reader.text("model"),
    ...(temperature !== undefined && { temperature }),
    ...(maxTokens !== undefined && { max_tokens: maxTokens }),
    ...extra,
  };
}

function withDefault(name: string, value: string, headers: Record<string, string>): Record<string, string> {
  const given = Object.keys(headers).some((key) => key.toLowerCase() === name);
  return given ? headers : { [name]: value, ...headers };
}
