import type { AgentError } from "@eval/protocol/agent";
import { afterEach, describe, expect, test } from "vitest";
import { OpenAIChatAgent } from "./openai-chat-agent.js";
import { type Handler, type LocalServer, startServer } from "./testing/local-servers.js";

const servers: LocalServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

async function serve(handler: Handler): Promise<LocalServer> {
  const server = await startServer(handler);
  servers.push(server);
  return server;
}

const history = [
  { role: "user", content: "one" },
  { role: "agent", content: "two" },
  { role: "user", content: "three" },
] as const;
const build = (parameters: Record<string, unknown>) => new OpenAIChatAgent({ parameters, configDir: "/" });
const ask = (agent: OpenAIChatAgent, signal = new AbortController().signal) => agent.inference(history, { signal });
const reply = (message: unknown, finish_reason = "stop") => ({ body: { choices: [{ message, finish_reason }] } });

describe("the request", () => {
  test("is a chat completion", async () => {
    const server = await serve(() => reply({ role: "assistant", content: "hello" }));
    const agent = build({
      base_url: `${server.url}/v1/?api-version=2`,
      model: "m",
      api_key: "sk-1234\n",
      temperature: 0,
      max_tokens: 50,
      system: "be brief",
      extra_body: { seed: 7, temperature: 0.5 },
      headers: { "x-org": "org" },
    });
    expect(await ask(agent)).toBe("hello");
    const [request] = server.requests;
    expect(request?.url).toBe("/v1/chat/completions?api-version=2");
    expect(request?.headers).toMatchObject({ authorization: "Bearer sk-1234", "x-org": "org" });
    expect(JSON.parse(request?.text ?? "")).toStrictEqual({
      model: "m",
      temperature: 0.5,
      max_tokens: 50,
      seed: 7,
      messages: [
        { role: "system", content: "be brief" },
        { role: "user", content: "one" },
        { role: "assistant", content: "two" },
        { role: "user", content: "three" },
      ],
    });
  });

  test("contains only configured keys; an empty API key counts as none", async () => {
    const server = await serve(() => reply({ content: "x" }));
    await ask(build({ base_url: server.url, model: "m", api_key: "" }));
    expect(server.requests[0]?.headers).not.toHaveProperty("authorization");
    expect(Object.keys(JSON.parse(server.requests[0]?.text ?? ""))).toStrictEqual(["model", "messages"]);
  });

  test("a configured authorization header overrides the API key", async () => {
    const server = await serve(() => reply({ content: "x" }));
    const parameters = { base_url: server.url, model: "m", api_key: "k", headers: { Authorization: "Other k" } };
    await ask(build(parameters));
    expect(server.requests[0]?.headers.authorization).toBe("Other k");
  });
});

describe("the answer", () => {
  test.each([
    ["empty", { content: "" }, ""],
    ["null", { content: null }, ""],
    ["missing", {}, ""],
    ["a refusal", { content: null, refusal: "I will not" }, "I will not"],
    ["parts", { content: [{ type: "thinking" }, { type: "text", text: "a" }, { type: "text", text: "b" }] }, "ab"],
  ])("%s", async (_name, message, expected) => {
    const server = await serve(() => reply(message));
    expect(await ask(build({ base_url: server.url, model: "m" }))).toBe(expected);
  });

  test("without text because of its length means the context limit, unless the parameters limit the answer", async () => {
    const server = await serve(() => reply({ content: null }, "length"));
    const parameters = { base_url: server.url, model: "m" };
    await expect(ask(build(parameters))).rejects.toMatchObject({ failure: { kind: "context_limit" } });
    expect(await ask(build({ ...parameters, max_tokens: 5 }))).toBe("");
    expect(await ask(build({ ...parameters, extra_body: { max_completion_tokens: 5 } }))).toBe("");
  });

  test("truncated after some words counts as the agent's answer", async () => {
    const server = await serve(() => reply({ content: "half" }, "length"));
    expect(await ask(build({ base_url: server.url, model: "m" }))).toBe("half");
  });

  test.each([
    ["<html>", "it is not JSON"],
    ["[]", "it has no 'choices' list"],
    ['{"choices":[]}', "its 'choices' list is empty"],
    ['{"choices":[{"text":"x"}]}', "choices[0] has no 'message'"],
    ['{"choices":[{"message":{"content":5}}]}', "choices[0].message.content is a number"],
    ['{"error":{"message":"upstream is down"}}', "it has no 'choices' list"],
  ])("of an unexpected shape is retryable: %s", async (body, why) => {
    const server = await serve(() => ({ body }));
    const error: AgentError = await ask(build({ base_url: server.url, model: "m" })).catch((reason) => reason);
    expect(error.message).toBe(`POST ${server.url}/chat/completions answered 200, but ${why}: ${body}`);
    expect(error.failure).toStrictEqual({ kind: "retryable" });
  });
});

describe("failures", () => {
  test.each([
    [429, { "retry-after": "2" }, { code: "rate_limit_exceeded" }, { kind: "retryable", retryAfterMs: 2000 }],
    [429, { "retry-after-ms": "15", "retry-after": "1" }, {}, { kind: "retryable", retryAfterMs: 15 }],
    [400, {}, { code: "context_length_exceeded" }, { kind: "context_limit" }],
    [400, {}, { message: "maximum context length is 10 tokens" }, { kind: "context_limit" }],
    [400, {}, { message: "Unsupported parameter: 'max_tokens'", param: "max_tokens" }, { kind: "permanent" }],
    [200, {}, { message: "too many tokens in the prompt" }, { kind: "context_limit" }],
    [401, {}, { message: "Incorrect API key provided: sk-1234" }, { kind: "permanent" }],
    [500, {}, {}, { kind: "retryable" }],
  ])("%i %j %j", async (status, headers, error, failure) => {
    const server = await serve(() => ({ status, headers, body: { error } }));
    const call = ask(build({ base_url: server.url, model: "m", api_key: "sk-1234" }));
    await expect(call).rejects.toMatchObject({ failure });
    await expect(call).rejects.not.toThrow("sk-1234");
  });

  test("an abort ends the call", async () => {
    const server = await serve(() => undefined);
    const controller = new AbortController();
    const call = ask(build({ base_url: server.url, model: "m" }), controller.signal);
    await expect.poll(() => server.requests.length).toBe(1);
    controller.abort();
    await expect(call).rejects.toMatchObject({ name: "AbortError" });
  });
});

test.each([
  [{}, "parameters.model: is required"],
  [{ model: "" }, "parameters.model: is required"],
  [{ model: "m", max_token: 5 }, "parameters.max_token: is unknown; known parameters are name, base_url, model"],
  [{ model: "m", base_url: "host" }, "parameters.base_url: must be an http:// or https:// address"],
  [{ model: "m", api_key: "a b" }, "parameters.api_key: contains a character that is not allowed in keys"],
  [{ model: "m", temperature: -1 }, "parameters.temperature: must be a number of at least 0, not -1"],
  [{ model: "m", max_tokens: 1.5 }, "parameters.max_tokens: must be an integer of at least 1, not 1.5"],
  [{ model: "m", extra_body: { stream: true } }, "parameters.extra_body.stream: streaming is not supported"],
  [{ model: "m", extra_body: { messages: [] } }, "parameters.extra_body.messages: is generated from the history"],
])("refused: %j", (parameters, message) => {
  expect(() => build(parameters)).toThrow(message);
});
