import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BrowserGuard } from "./browser-guard.js";

const guard = new BrowserGuard(["gpu-box", "Eval.Example.org"]);

function codeOf(headers: IncomingHttpHeaders, { method = "POST", isTrusted = false } = {}): string | undefined {
  return guard.refusal({ method, headers } as IncomingMessage, isTrusted)?.code;
}

describe("programs, which send no header of a browser", () => {
  it.each([
    ...["localhost", "localhost:5000", "LOCALHOST:5000", "a.localhost:1", "127.0.0.1:5000", "127.9.9.9", "[::1]:5000"],
    ...["10.0.0.7:5000", "[fe80::1]:80", "0.0.0.0:5000", "gpu-box:5000", "eval.example.org", "eval.example.org.:80"],
    ...["host.docker.internal:5000", ""],
  ])("are served under the name %s, whatever they send", (host) => {
    expect(codeOf({ host })).toBeUndefined();
    expect(codeOf({ host, "content-type": "application/octet-stream" })).toBeUndefined();
    // As Node's fetch does.
    expect(codeOf({ host, "content-type": "text/plain", "sec-fetch-mode": "cors" })).toBeUndefined();
  });

  it.each([
    ...["evil.example", "evil.example:5000", "localhost.evil.example", "127.0.0.1.evil.example", "notlocalhost:5000"],
    ...["localhost:5000@evil.example", "[evil.example]", "::1", "0x7f000001", "evil.example:5000:5000", "x/localhost"],
  ])("are refused under the name %s", (host) => {
    expect(codeOf({ host })).toBe("FORBIDDEN");
    expect(codeOf({ host }, { method: "GET" })).toBe("FORBIDDEN");
    expect(codeOf({ host }, { isTrusted: true })).toBeUndefined();
  });
});

describe("browsers", () => {
  const host = "localhost:5000";
  const json = "application/json; charset=utf-8";

  it.each([
    { origin: "http://localhost:5000" },
    { origin: "http://localhost:5000", "sec-fetch-site": "same-origin" },
    { "sec-fetch-site": "none", "sec-fetch-mode": "navigate" },
    { referer: "http://localhost:5000/" },
  ])("are served from a page of the server itself, if they send JSON: %j", (headers) => {
    expect(codeOf({ host, "content-type": json, ...headers })).toBeUndefined();
    expect(codeOf({ host, "content-type": "application/x-ndjson", ...headers })).toBeUndefined();
    expect(codeOf({ host, ...headers }, { method: "GET" })).toBeUndefined();
    for (const type of [
      undefined,
      "text/plain",
      "application/jsonp",
      "multipart/form-data",
      "text/plain;application/json",
    ]) {
      expect(codeOf({ host, "content-type": type, ...headers })).toBe("UNSUPPORTED_MEDIA_TYPE");
    }
  });

  it.each([
    ...[
      "http://evil.example",
      "https://localhost.evil.example",
      "http://localhost:3000",
      "http://127.0.0.1:5000",
      "null",
    ],
    ...["https://localhost:5000.evil.example", "file://", "chrome-extension://abc", "", "http://", "//localhost:5000"],
    ...["http://gpu-box", "http://gpu-box:5000", "https://eval.example.org"],
  ])("are refused from a page of the origin %j, with a token as well", (origin) => {
    for (const isTrusted of [false, true]) {
      expect(codeOf({ host, origin, "content-type": json }, { isTrusted })).toBe("FORBIDDEN");
      expect(codeOf({ host, origin }, { method: "GET", isTrusted })).toBe("FORBIDDEN");
    }
  });

  it.each(["cross-site", "same-site", "", "unheard-of"])("are refused when they report the site %j", (site) => {
    expect(codeOf({ host, "sec-fetch-site": site }, { method: "GET" })).toBe("FORBIDDEN");
    expect(codeOf({ host, "sec-fetch-site": site, "content-type": json })).toBe("FORBIDDEN");
  });

  it("compare the origin's port with the port of the Host header, 80 and 443 being the default", () => {
    expect(codeOf({ host: "localhost", origin: "http://localhost", "content-type": json })).toBeUndefined();
    expect(codeOf({ host: "localhost:80", origin: "http://localhost", "content-type": json })).toBeUndefined();
    expect(codeOf({ host: "localhost:443", origin: "https://localhost", "content-type": json })).toBeUndefined();
    const own = { host: "eval.example.org", origin: "https://eval.example.org" };
    expect(codeOf({ ...own, "content-type": json, "sec-fetch-site": "same-origin" })).toBeUndefined();
    expect(codeOf({ host: "localhost:81", origin: "http://localhost", "content-type": json })).toBe("FORBIDDEN");
  });
});

it("answers any text in these headers without throwing, and any number of addresses", () => {
  const text = fc.string({ maxLength: 40 });
  fc.assert(
    fc.property(text, text, text, (host, origin, site) => {
      const code = codeOf({ host, origin, "sec-fetch-site": site });
      expect([undefined, "FORBIDDEN", "UNSUPPORTED_MEDIA_TYPE"]).toContain(code);
    }),
  );
  for (let at = 0; at < 1_000; at += 1) expect(codeOf({ host: `10.0.${at >> 8}.${at & 255}` })).toBeUndefined();
});
