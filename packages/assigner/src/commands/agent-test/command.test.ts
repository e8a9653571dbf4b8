import { describe, expect, onTestFinished, test } from "vitest";
import { type Handler, type LocalServer, startServer } from "../../agents/testing/local-servers.js";
import { BinProcess, makeFolder } from "../../testing/bin-process.js";

const secrets = {
  key: "sk-live-0123456789",
  password: "hunter2hunter2",
  query: "query-secret-77",
  body: "body-secret-88",
};
const stackTrace = /^\s+at .+:\d+/m;

const chatReply = (content: string) => ({ body: { choices: [{ message: { content } }] } });

/** Answers with the number of received messages, and the last of them. */
const counting: Handler = ({ text }) => {
  const { messages } = JSON.parse(text) as { messages: { content: string }[] };
  return chatReply(`${messages.length}: ${messages.at(-1)?.content}`);
};

async function serve(handler: Handler): Promise<LocalServer> {
  const server = await startServer(handler);
  onTestFinished(() => server.close());
  return server;
}

const openai = (url: string) => ({
  module: "@eval/assigner#OpenAIChatAgent",
  parameters: { model: "m", base_url: `${url}/v1`, api_key: "${env:TRIED_KEY}" },
});

/** Secrets in every place that an agent's parameters allow. */
const http = (url: string) => ({
  module: "src.client.agents.HTTPAgent",
  parameters: {
    url: `${url.replace("://", `://account:${secrets.password}@`)}/chat?key=${secrets.query}`,
    headers: { "X-Api-Key": "${env:TRIED_KEY}" },
    body: { session_token: secrets.body, model: "m" },
    return_format: "{response[text]}",
  },
});

async function start(agents: Record<string, unknown>, ...args: string[]): Promise<BinProcess> {
  const cwd = await makeFolder({ "agents.yaml": agents, "broken.mjs": brokenModule });
  const flags = ["agent-test", "--config", "agents.yaml", ...args];
  const bin = new BinProcess(flags, { cwd, env: { TRIED_KEY: secrets.key } });
  onTestFinished(() => {
    for (const secret of Object.values(secrets)) expect(bin.stdout + bin.stderr).not.toContain(secret);
  });
  return bin;
}

const brokenModule = `
  export class Broken { async inference() { throw new TypeError("no such thing"); } }
  export class Deaf { inference() { return new Promise(() => setInterval(() => {}, 1000)); } }
  export class Telling {
    async inference() {
      const request = { method: "PUT", url: "http://x/y", body: "asked with ${secrets.key}" };
      throw Object.assign(new Error("gone"), { failure: { kind: "retryable" }, exchange: () => ({ request }) });
    }
  }
  export class Unbuilt { constructor({ parameters }) { throw new Error("bad key " + parameters.api_key); } }
`;

describe("npx @eval/assigner agent-test --message", () => {
  test("prints only the answer", async () => {
    const server = await serve(counting);
    const bin = await start(
      { one: openai(server.url), two: openai("http://127.0.0.1:1") },
      "--agent",
      "one",
      "-m",
      "hi",
    );
    expect(await bin.end()).toEqual({ code: 0, stdout: "1: hi\n", stderr: "" });
    expect(server.requests[0]?.headers.authorization).toBe(`Bearer ${secrets.key}`);
  });

  test("finds agents in an assignment file, and needs no name if there is only one", async () => {
    const server = await serve(counting);
    const bin = await start({ definition: { agent: { one: openai(server.url) }, task: {} } }, "-m", "hi");
    expect(await bin.end()).toEqual({ code: 0, stdout: "1: hi\n", stderr: "" });
  });

  test("shows the request and the answer of a failure, without secrets", async () => {
    const server = await serve(({ headers, url, text }) => ({
      status: 401,
      headers: { "x-request-id": "r1", "set-cookie": "session=abcdefgh" },
      body: { error: `bad key ${headers["x-api-key"]}`, url, text, long: "x".repeat(20_000) },
    }));
    const bin = await start({ one: http(server.url) }, "-m", "hi there");
    const { code, stdout, stderr } = await bin.end();
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(/^error: POST http:\/\/127\.0\.0\.1:\d+\/chat answered 401: .*\(permanent\)\n--- request\n/);
    const [, request = "", answer = ""] = stderr.split(/^--- \w+\n/m);
    expect(request).toBe(
      `POST ${server.url}/chat?key=***\ncontent-type: application/json\nX-Api-Key: ***\nauthorization: Basic ***\n\n` +
        `{"session_token":"***","model":"m","messages":[{"role":"user","content":"hi there"}]}\n`,
    );
    expect(answer).toMatch(/^401\n/);
    expect(answer).toContain("x-request-id: r1\n");
    expect(answer).toContain("set-cookie: ***\n");
    expect(answer).toContain('{"error":"bad key ***"');
    expect(answer).toMatch(/x{1000}\.\.\. \(\d+ characters\)\n$/);
    expect(answer.length).toBeLessThan(10_000);
    expect(server.requests).toHaveLength(1);
  });

  test.each<[string, Handler, string[], RegExp]>([
    [
      "500",
      () => ({ status: 500, body: "oh no" }),
      [],
      /answered 500: oh no \(retryable\)\n[\s\S]*--- answer\n500\n[\s\S]*\noh no\n$/,
    ],
    [
      "garbage",
      () => ({ body: "<html>" }),
      [],
      /answered 200, but it is not JSON: <html> [\s\S]*--- answer\n200\n[\s\S]*\n<html>\n$/,
    ],
    ["too long", () => ({ status: 400, body: "maximum context length" }), [], /\(context_limit\)\n--- request\n/],
    [
      "slow",
      () => undefined,
      ["--timeout", "0.3"],
      /failed: no answer within 0\.3 s \(retryable\)\n--- request\nPOST [\s\S]*--- no answer\n$/,
    ],
  ])("an answer that is %s", async (_, handler, flags, expected) => {
    const server = await serve(handler);
    const { code, stdout, stderr } = await (await start({ one: openai(server.url) }, "-m", "hi", ...flags)).end();
    expect(stderr).toMatch(expected);
    expect(stderr).toContain("\nauthorization: Bearer ***\n");
    expect(stderr).not.toMatch(stackTrace);
    expect([code, stdout]).toEqual([1, ""]);
  });

  test("does not show a secret that the agent repeats", async () => {
    const server = await serve(({ headers }) => chatReply(`you sent ${headers.authorization}`));
    const bin = await start({ one: openai(server.url) }, "-m", "hi");
    expect(await bin.end()).toEqual({ code: 0, stdout: "you sent Bearer ***\n", stderr: "" });
  });

  test("shows the error message of an agent without HTTP, and its stack on request", async () => {
    const agents = { one: { module: "./broken.mjs#Broken" } };
    const short = await (await start(agents, "-m", "hi")).end();
    expect(short).toEqual({ code: 1, stdout: "", stderr: "error: no such thing (permanent)\n" });
    const long = await (await start(agents, "-m", "hi", "--log-level", "debug")).end();
    expect(long.stderr).toMatch(stackTrace);
  });

  test("shows the request that a custom agent reports", async () => {
    const parameters = { api_key: "${env:TRIED_KEY}" };
    const bin = await start({ one: { module: "./broken.mjs#Telling", parameters } }, "-m", "hi");
    const shown = "error: gone (retryable)\n--- request\nPUT http://x/y\n\nasked with ***\n--- no answer\n";
    expect(await bin.end()).toEqual({ code: 1, stdout: "", stderr: shown });
  });

  test("does not wait longer than --timeout for an agent that ignores its signal", async () => {
    const bin = await start({ one: { module: "./broken.mjs#Deaf" } }, "-m", "hi", "--timeout", "0.2");
    expect(await bin.end()).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^error: no answer within 0\.2 s \(retryable\)\n$/),
    });
  });

  const two = { one: openai("http://127.0.0.1:1"), two: openai("http://127.0.0.1:1"), proxy_settings: {} };
  test.each<[string, Record<string, unknown>, string[], RegExp]>([
    ["unknown agent", two, ["--agent", "three"], /^error: unknown agent three: agents\.yaml has one, two \(USAGE\)/],
    ["no name", two, [], /^error: --agent NAME: agents\.yaml has one, two \(USAGE\)/],
    ["no agent", {}, [], /agents\.yaml defines none/],
    ["no file", two, ["--config", "none.yaml"], /configuration file not found: none\.yaml[\s\S]*my-agent:/],
    [
      "unset variable",
      { one: { module: "x", parameters: { a: "${env:NOT_SET_HERE}" } } },
      [],
      /agents\.yaml: one\.parameters\.a: .*NOT_SET_HERE/,
    ],
    [
      "wrong parameters",
      { one: { module: "@eval/assigner#HttpAgent" } },
      [],
      /agent one: [\s\S]*parameters\.url: is required/,
    ],
    [
      "builds with a secret in its error",
      { one: { module: "./broken.mjs#Unbuilt", parameters: { api_key: "${env:TRIED_KEY}" } } },
      [],
      /agent one: .*bad key \*\*\*/,
    ],
    ["timeout of 0", two, ["--timeout", "0"], /--timeout/],
  ])("%s: ends with 2", async (_, agents, args, message) => {
    const { code, stdout, stderr } = await (await start(agents, "-m", "hi", ...args)).end();
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(stackTrace);
    expect([code, stdout]).toEqual([2, ""]);
  });
});

describe("a chat from a pipe", () => {
  test("keeps, clears and shows the history, and ends", async () => {
    const server = await serve(counting);
    const bin = await start({ one: openai(server.url) });
    const { code, stdout, stderr } = await bin.reads("a\n\nb\r\n/history\n/reset\n/history\nc\n/exit\nnever\n").end();
    const history = [
      ["user", "a"],
      ["agent", "1: a"],
      ["user", "b"],
      ["agent", "3: b"],
    ].map(([role, content]) => `${JSON.stringify({ role, content })}\n`);
    expect(stdout).toBe(`1: a\n3: b\n${history.join("")}1: c\n`);
    expect([code, stderr]).toEqual([0, ""]);
  });

  test("ends at the first failure", async () => {
    const server = await serve(({ text }) => (text.includes("bad") ? { status: 400, body: "no" } : chatReply("yes")));
    const bin = await start({ one: openai(server.url) });
    const { code, stdout, stderr } = await bin.reads("good\nbad\ngood\n").end();
    expect([code, stdout]).toEqual([1, "yes\n"]);
    expect(stderr).toContain("answered 400: no");
    expect(server.requests).toHaveLength(2);
  });

  test("an interrupt cancels the pending answer, and ends the chat", async () => {
    const server = await serve(() => undefined);
    const bin = await start({ one: openai(server.url) });
    bin.write("hi\n");
    await expect.poll(() => server.requests.length).toBe(1);
    bin.signal("SIGINT");
    expect(await bin.end()).toEqual({ code: 130, stdout: "", stderr: "" });
    expect(server.requests[0]?.abandoned).toBe(true);
  });

  test("an interrupt ends a chat that waits for a line", async () => {
    const server = await serve(counting);
    const bin = await start({ one: openai(server.url) });
    bin.write("hi\n");
    await bin.wrote(/1: hi/);
    bin.signal("SIGINT");
    expect(await bin.end()).toEqual({ code: 130, stdout: "1: hi\n", stderr: "" });
  });
});
