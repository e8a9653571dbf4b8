import { CodedError } from "@eval/protocol";
import { AgentError } from "@eval/protocol/agent";
import { afterEach, describe, expect, test } from "vitest";
import { HttpAgent } from "./http-agent.js";
import { type Handler, type LocalServer, startServer, startTlsServer } from "./testing/local-servers.js";

const servers: LocalServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

async function serve(handler: Handler, start = startServer): Promise<LocalServer> {
  const server = await start(handler);
  servers.push(server);
  return server;
}

const history = [{ role: "user", content: "hi" }] as const;
const build = (parameters: Record<string, unknown>) => new HttpAgent({ parameters, configDir: "/" });
const ask = (agent: HttpAgent, signal = new AbortController().signal) => agent.inference(history, { signal });

async function failureOf(promise: Promise<unknown>): Promise<AgentError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(AgentError);
  return error as AgentError;
}

describe("the request", () => {
  test("merges the prompter's keys into the body, and sends the given headers", async () => {
    const server = await serve(() => ({ body: { choices: [{ message: { content: "hello" } }] } }));
    const agent = build({
      name: "ignored, as in v0.2",
      url: `${server.url}/v1/chat?key=a%20b`,
      headers: { Authorization: "Bearer sk-1234", "X-Empty": null },
      body: { model: "m", temperature: 0, messages: "overwritten" },
      prompter: { name: "role_content_dict", args: { agent_role: "assistant" } },
      return_format: "{response[choices][0][message][content]}",
    });
    expect(await ask(agent)).toBe("hello");
    const [request] = server.requests;
    expect(request).toMatchObject({ method: "POST", url: "/v1/chat?key=a%20b" });
    expect(request?.headers).toMatchObject({ authorization: "Bearer sk-1234", "content-type": "application/json" });
    expect(request?.headers).not.toHaveProperty("x-empty");
    expect(JSON.parse(request?.text ?? "")).toStrictEqual({ model: "m", temperature: 0, messages: [...history] });
  });

  test("sends the URL's credentials as HTTP Basic, which overrides the headers", async () => {
    const server = await serve(() => ({ body: "{}" }));
    const url = server.url.replace("//", "//me:p%40ss@");
    await ask(build({ url, headers: { authorization: "other" } }));
    expect(server.requests[0]?.headers.authorization).toBe(`Basic ${btoa("me:p@ss")}`);
  });

  test("keeps the configured content type, and texts in any script", async () => {
    const server = await serve(({ text }) => ({ body: text }));
    const agent = build({
      url: server.url,
      headers: { "Content-Type": "application/json; charset=utf-8" },
      body: { note: "\u4f60\u597d \u{1f600}" },
      return_format: "{response[note]}",
    });
    expect(await ask(agent)).toBe("\u4f60\u597d \u{1f600}");
    expect(server.requests[0]?.headers["content-type"]).toBe("application/json; charset=utf-8");
  });

  test("reuses connections, even for many concurrent requests with one signal", async () => {
    const server = await serve(() => ({ body: { ok: 1 } }));
    const agent = build({ url: server.url });
    const { signal } = new AbortController();
    const warnings: Error[] = [];
    const onWarning = (warning: Error) => warnings.push(warning);
    process.on("warning", onWarning);
    for (let round = 0; round < 5; round += 1) {
      const answers = await Promise.all(Array.from({ length: 40 }, () => ask(agent, signal)));
      expect(new Set(answers)).toStrictEqual(new Set(['{"ok":1}']));
    }
    process.off("warning", onWarning);
    expect(server.requests).toHaveLength(200);
    expect(server.connections()).toBeLessThanOrEqual(40);
    expect(warnings).toStrictEqual([]);
  });
});

describe("the answer", () => {
  test.each([
    ["the default prints JSON", undefined, { a: [1, null] }, '{"a":[1,null]}'],
    ["the default returns a string unchanged", undefined, '"plain"', "plain"],
    ["text around fields", "{{{response[a][0]}}} {response[a][1]}", { a: ["x", null] }, "{x} null"],
  ])("%s", async (_name, format, body, expected) => {
    const server = await serve(() => ({ body }));
    expect(await ask(build({ url: server.url, return_format: format }))).toBe(expected);
  });

  test("without a required field is retryable, and the error names the field", async () => {
    const server = await serve(() => ({ body: { choices: [] } }));
    const error = await failureOf(ask(build({ url: server.url, return_format: "{response[choices][0][text]}" })));
    expect(error.failure).toStrictEqual({ kind: "retryable" });
    expect(error.message).toBe(
      `POST ${server.url}/ answered 200, but return_format does not match it: ` +
        '{response[choices][0][text]}: no item 0 in a list of 0: {"choices":[]}',
    );
  });

  test("that is not JSON is retryable", async () => {
    const server = await serve(() => ({ body: "data: {}" }));
    const error = await failureOf(ask(build({ url: server.url })));
    expect(error.failure).toStrictEqual({ kind: "retryable" });
    expect(error.message).toContain("answered 200, but it is not JSON: data: {}");
  });

  test("that reports the context limit inside a 200", async () => {
    const server = await serve(() => ({ body: { error: { message: "maximum context length is 8 tokens" } } }));
    const error = await failureOf(ask(build({ url: server.url, return_format: "{response[text]}" })));
    expect(error.failure).toStrictEqual({ kind: "context_limit" });
  });
});

describe("failures", () => {
  test.each([
    [400, {}, "prompt is too long: 9 tokens > 8 maximum", { kind: "context_limit" }],
    [400, {}, "no such model", { kind: "permanent" }],
    [401, {}, "wrong key", { kind: "permanent" }],
    [404, {}, "", { kind: "permanent" }],
    [408, {}, "", { kind: "retryable" }],
    [409, {}, "", { kind: "retryable" }],
    [425, {}, "", { kind: "retryable" }],
    [429, { "retry-after": "7" }, "slow down", { kind: "retryable", retryAfterMs: 7000 }],
    [429, {}, '{"error":{"code":"insufficient_quota"}}', { kind: "permanent" }],
    [500, {}, "", { kind: "retryable" }],
    [503, { "retry-after-ms": "20" }, "", { kind: "retryable", retryAfterMs: 20 }],
  ])("%i %j %s", async (status, headers, body, failure) => {
    const server = await serve(() => ({ status, headers, body }));
    const error = await failureOf(ask(build({ url: server.url })));
    expect(error.failure).toStrictEqual(failure.kind === "context_limit" ? failure : { ...failure, status });
    expect(error.message).toBe(`POST ${server.url}/ answered ${status}: ${body || "(empty)"}`);
    expect(server.requests).toHaveLength(1);
  });

  test("connection refused", async () => {
    const server = await serve(() => ({}));
    await server.close();
    const error = await failureOf(ask(build({ url: server.url })));
    expect(error.failure).toStrictEqual({ kind: "retryable" });
    expect(error.message).toContain("ECONNREFUSED");
  });

  test("an incomplete answer", async () => {
    const server = await serve(() => ({ body: "half", breakOff: true }));
    const error = await failureOf(ask(build({ url: server.url, timeout_s: 5 })));
    expect(error.failure).toStrictEqual({ kind: "retryable" });
    expect(error.message).not.toContain("no answer within");
  });

  test("no answer in time", async () => {
    const server = await serve(() => undefined);
    const error = await failureOf(ask(build({ url: server.url, timeout_s: 0.1 })));
    expect(error.failure).toStrictEqual({ kind: "retryable" });
    expect(error.message).toBe(`POST ${server.url}/ failed: no answer within 0.1 s`);
    await expect.poll(() => server.requests[0]?.abandoned).toBe(true);
  });

  test("an untrusted certificate is refused before anything is sent", async () => {
    const server = await serve(() => ({ body: "{}" }), startTlsServer);
    const error = await failureOf(ask(build({ url: server.url })));
    expect(error.failure).toStrictEqual({ kind: "permanent" });
    expect(error.message).toContain("DEPTH_ZERO_SELF_SIGNED_CERT");
    expect(error.message).toContain("NODE_EXTRA_CA_CERTS");
    expect(server.requests).toHaveLength(0);
  });

  test("no part of the error contains secrets, even if the endpoint repeats them", async () => {
    const server = await serve(({ headers, url, text }) => ({ status: 400, body: { headers, url, text } }));
    const agent = build({
      url: `${server.url.replace("//", "//user-1:pass-2@")}/p?key=query-3`,
      headers: { "x-api-key": "header-4" },
      body: { api_key: "body-5" },
    });
    const error = await failureOf(ask(agent));
    const all = `${error.message} ${error.stack} ${JSON.stringify(error)} ${JSON.stringify(agent)}`;
    for (const secret of ["user-1", "pass-2", "query-3", "header-4", "body-5"]) expect(all).not.toContain(secret);
    expect(error.message).toContain('"x-api-key":"***"');
    expect(error.cause).toBeUndefined();
  });
});

describe("redirects", () => {
  test("307 within the same origin is followed, with the body", async () => {
    const server = await serve(({ url, text }) =>
      url === "/chat" ? { status: 307, headers: { location: "/chat/" } } : { body: text },
    );
    const agent = build({ url: `${server.url}/chat`, headers: { "x-key": "k-1234" }, body: { a: 1 } });
    expect(JSON.parse(await ask(agent))).toMatchObject({ a: 1 });
    expect(server.requests.map(({ headers }) => headers["x-key"])).toStrictEqual(["k-1234", "k-1234"]);
  });

  test.each([302, 307])("%i to another origin is not followed", async (status) => {
    const other = await serve(() => ({ body: "{}" }));
    const server = await serve(() => ({ status, headers: { location: `${other.url}/there?key=1` } }));
    const error = await failureOf(ask(build({ url: server.url, headers: { "x-key": "k-1234" } })));
    expect(error.failure).toStrictEqual({ kind: "permanent", status });
    expect(error.message).toContain(`answered ${status} (it points to ${other.url}/there)`);
    expect(other.requests).toHaveLength(0);
  });

  test("a redirect loop ends", async () => {
    const server = await serve(() => ({ status: 308, headers: { location: "/" } }));
    expect((await failureOf(ask(build({ url: server.url })))).failure).toStrictEqual({
      kind: "permanent",
      status: 308,
    });
    expect(server.requests).toHaveLength(6);
  });
});

describe("aborting", () => {
  test("ends a pending call at once and closes its connection", async () => {
    const server = await serve(() => undefined);
    const controller = new AbortController();
    const call = ask(build({ url: server.url }), controller.signal);
    await expect.poll(() => server.requests.length).toBe(1);
    const start = performance.now();
    controller.abort(new Error("the run ends"));
    await expect(call).rejects.toMatchObject({ name: "AbortError", cause: { message: "the run ends" } });
    // Without the abort it would wait for its timeout, which is minutes.
    expect(performance.now() - start).toBeLessThan(10_000);
    await expect.poll(() => server.requests[0]?.abandoned).toBe(true);
  });

  test("before the call sends nothing", async () => {
    const server = await serve(() => ({ body: "{}" }));
    await expect(ask(build({ url: server.url }), AbortSignal.abort())).rejects.toMatchObject({ name: "AbortError" });
    expect(server.connections()).toBe(0);
  });
});

describe("parameters", () => {
  test("every problem is listed, without values", () => {
    const parameters = {
      url: "ftp://secret-host",
      headers: { "X-Number": 5, "bad name": "x", "X-Break": "secret\n" },
      body: ["secret"],
      proxies: { ftp: "x" },
      prompter: { name: "none" },
      return_format: "{response!r}",
      timeout_s: 0,
    };
    expect(() => build(parameters)).toThrow(CodedError);
    try {
      build(parameters);
    } catch (error) {
      const { code, message } = error as CodedError;
      expect(code).toBe("CONFIG_INVALID");
      expect(message).not.toContain("secret");
      expect(message.split("\n").map((line) => line.split(" ").slice(0, 6).join(" "))).toStrictEqual([
        "The agent HttpAgent cannot be built:",
        "  - parameters.url: must be",
        "  - parameters.headers.X-Number: must be",
        "  - parameters.headers.bad name: is",
        "  - parameters.headers.X-Break: contains a",
        "  - parameters.proxies: 'ftp' is",
        "  - parameters.timeout_s: must be",
        "  - parameters.body: must be",
        "  - parameters.prompter: its name",
        "  - parameters.return_format: not a",
      ]);
    }
  });

  test.each([
    [{}, "parameters.url: is required"],
    [{ url: "localhost:80/x" }, "parameters.url: must be an http:// or https:// address"],
    [{ url: 5 }, "parameters.url: must be a string, not a number"],
    [{ url: "http://x", timeout_s: "5" }, "parameters.timeout_s: must be a number of at least 0, not a string"],
    [{ url: "http://x", return_format: "constant" }, "has no field"],
  ])("%j", (parameters, message) => {
    expect(() => build(parameters)).toThrow(message);
  });
});
