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
 * An agent behind any endpoint that speaks OpenAI's chat completions. `inference` sends one request; failures are
 * classified as {@link HttpAgent}'s are, and:
 * - an answer that ends for its length before it holds a word, without a limit on the answer in the parameters, is
 *   the context limit;
 * - any other empty answer is what the agent said: the empty text, for the task to judge. (Trying again would let an
 *   agent that says nothing fail the sample without ever being scored.) A refusal's text is the answer.
 */
export class OpenAIChatAgent implements Agent {
  readonly #endpoint: Endpoint;
  readonly #body: Mapping;
  readonly #opening: readonly Mapping[];

  /**
   * Parameters: `model` (required), `base_url` (default `https://api.openai.com/v1`), `api_key`, `temperature`,
   * `max_tokens`, `timeout_s` (seconds for one request, default 120), `system` (a first message of that role),
   * `extra_body` (more keys of the request), `headers`, `proxies`.
   * @throws CodedError CONFIG_INVALID that lists every problem, an unknown parameter among them.
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
    // `headers` come last: an endpoint may want its key under another name or scheme.
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
      throw this.#endpoint.misfit(answer, "it ended for its length before the first word", { kind: "context_limit" });
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

/** `<base>/chat/completions`, with the base's query kept (Azure's `api-version`). */
function completionsUrl(base: URL): URL {
  const url = new URL(base);
  url.pathname = `${url.pathname.replace(/\/+$/, "")}/chat/completions`;
  return url;
}

function readApiKey(reader: ParameterReader): string {
  const key = reader.text("api_key", "").trim();
  // Printable ASCII is what a bearer token can be; a line break is usually a key read from a file.
  if (!/^[\x21-\x7e]*$/.test(key)) reader.report("api_key", "holds a character that no key may hold");
  return key;
}

function readBody(reader: ParameterReader): Mapping {
  const extra = reader.mapping("extra_body");
  if (extra.stream) reader.report("extra_body.stream", "answers are not read as a stream; leave it out");
  if ("messages" in extra) reader.report("extra_body.messages", "is made from the history; leave it out");
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
