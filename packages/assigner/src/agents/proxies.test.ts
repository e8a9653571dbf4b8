import { request } from "node:https";
import { AgentError } from "@eval/protocol/agent";
import { afterEach, describe, expect, test, vi } from "vitest";
import { HttpAgent } from "./http-agent.js";
import { proxyFor, readProxies } from "./proxies.js";
import { type LocalServer, startProxy, startServer, startTlsServer } from "./testing/local-servers.js";
import { selfSigned } from "./testing/self-signed.js";
import { TunnelAgent } from "./tunnel-agent.js";

const servers: LocalServer[] = [];
afterEach(async () => {
  vi.unstubAllEnvs();
  for (const server of servers.splice(0)) await server.close();
});

async function owned<Kind extends LocalServer>(starting: Promise<Kind>): Promise<Kind> {
  const server = await starting;
  servers.push(server);
  return server;
}

const ask = (parameters: Record<string, unknown>, signal = new AbortController().signal) =>
  new HttpAgent({ parameters, configDir: "/" }).inference([{ role: "user", content: "hi" }], { signal });

describe("http endpoints", () => {
  test("the proxy gets the full address and its own credentials, the endpoint gets no credentials", async () => {
    const server = await owned(startServer(() => ({ body: { ok: 1 } })));
    const proxy = await owned(startProxy());
    const url = `${server.url}/chat`;
    const answer = await ask({ url, proxies: { http: proxy.url.replace("//", "//me:p%40ss@") } });
    expect(answer).toBe('{"ok":1}');
    expect(proxy.asked).toStrictEqual([{ line: `POST ${url}`, authorization: `Basic ${btoa("me:p@ss")}` }]);
    expect(server.requests[0]?.headers).not.toHaveProperty("proxy-authorization");
    expect(server.requests[0]?.headers.host).toBe(`127.0.0.1:${server.port}`);
  });

  test("neither an https proxy nor the environment's proxies are used", async () => {
    const server = await owned(startServer(() => ({ body: "{}" })));
    const proxy = await owned(startProxy());
    for (const name of ["http_proxy", "HTTP_PROXY", "all_proxy"]) vi.stubEnv(name, proxy.url);
    await ask({ url: server.url, proxies: { https: proxy.url } });
    expect(proxy.asked).toStrictEqual([]);
  });

  test("a proxy that requires a password is a permanent failure", async () => {
    const server = await owned(startServer(() => ({ body: "{}" })));
    const proxy = await owned(startProxy(407));
    await expect(ask({ url: server.url, proxies: { http: proxy.url } })).rejects.toMatchObject({
      failure: { kind: "permanent" },
    });
  });
});

describe("https endpoints", () => {
  test("the proxy only sees the host; the certificate is verified end to end", async () => {
    const server = await owned(startTlsServer(() => ({ body: "{}" })));
    const proxy = await owned(startProxy());
    const call = ask({ url: `${server.url}/secret?path`, proxies: { https: proxy.url } });
    await expect(call).rejects.toMatchObject({ failure: { kind: "permanent" } });
    await expect(call).rejects.toThrow("DEPTH_ZERO_SELF_SIGNED_CERT");
    expect(proxy.asked).toStrictEqual([{ line: `CONNECT 127.0.0.1:${server.port}`, authorization: undefined }]);
    expect(server.requests).toHaveLength(0);
  });

  test.each(["127.0.0.1", "localhost"])("a tunnel to %s is reused", async (host) => {
    const server = await owned(startTlsServer(({ text }) => ({ body: `got ${text}` })));
    const proxy = await owned(startProxy());
    const agent = new TunnelAgent(new URL(proxy.url.replace("//", "//me:pw@")), 5000, { ca: selfSigned.cert });
    expect(await postThrough(agent, `https://${host}:${server.port}/`, "one")).toBe("got one");
    expect(await postThrough(agent, `https://${host}:${server.port}/`, "two")).toBe("got two");
    expect(proxy.asked).toStrictEqual([
      { line: `CONNECT ${host}:${server.port}`, authorization: `Basic ${btoa("me:pw")}` },
    ]);
    agent.destroy();
  });

  test.each([
    [407, "permanent"],
    [503, "retryable"],
  ])("a proxy that answers %i to CONNECT: %s", async (status, kind) => {
    const proxy = await owned(startProxy(status));
    const call = ask({ url: "https://127.0.0.1:1/", proxies: { https: proxy.url.replace("//", "//me:pass-1@") } });
    await expect(call).rejects.toBeInstanceOf(AgentError);
    await expect(call).rejects.toMatchObject({ failure: { kind } });
    await expect(call).rejects.toThrow(`the proxy 127.0.0.1:${proxy.port} answered ${status} to CONNECT`);
  });

  test("an unreachable proxy, and a proxy that never answers", async () => {
    const gone = await startProxy();
    await gone.close();
    const call = ask({ url: "https://127.0.0.1:1/", proxies: { all: gone.url } });
    await expect(call).rejects.toMatchObject({ failure: { kind: "retryable" } });
    await expect(call).rejects.toThrow("ECONNREFUSED");

    const mute = await owned(startProxy(0));
    const controller = new AbortController();
    const waiting = ask({ url: "https://127.0.0.1:1/", proxies: { all: mute.url } }, controller.signal);
    await expect.poll(() => mute.asked.length).toBe(1);
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ name: "AbortError" });
    const limited = ask({ url: "https://127.0.0.1:1/", proxies: { all: mute.url }, timeout_s: 1 });
    await expect.poll(() => mute.asked.length).toBe(2);
    await expect(limited).rejects.toMatchObject({ failure: { kind: "retryable" } });
  });
});

describe("the setting", () => {
  test("the most specific entry wins", () => {
    const proxies = readProxies({
      http: "proxy-a:8080",
      "http://host": "http://proxy-b",
      all: "https://proxy-c",
      "all://other": "http://proxy-d",
      https: null,
    });
    const chosen = (url: string) => proxyFor(new URL(url), proxies)?.href;
    expect(chosen("http://somewhere/")).toBe("http://proxy-a:8080/");
    expect(chosen("http://host:81/")).toBe("http://proxy-b/");
    expect(chosen("https://host/")).toBe("https://proxy-c/");
    expect(chosen("https://other/")).toBe("http://proxy-d/");
  });

  test.each([
    [{ http: "socks5://secret@host" }, "http has the scheme socks5://; only http:// and https:// proxies"],
    [{ http: "http://" }, "http is not an address"],
    [{ http: 8080 }, "http must be a string, not a number"],
    [{ socks: "http://host" }, "'socks' is not one of http, https, all"],
  ])("refused: %j", (setting, message) => {
    expect(() => readProxies(setting)).toThrow(message);
  });
});

function postThrough(agent: TunnelAgent, url: string, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const sending = request(url, { method: "POST", agent }, async (answer) => {
      let body = "";
      for await (const chunk of answer.setEncoding("utf8")) body += chunk;
      // The connection is free for the next request a moment after the answer's end.
      setImmediate(() => resolve(body));
    });
    sending.on("error", reject).end(text);
  });
}
