import { Command } from "commander";
import { describe, expect, it } from "vitest";
import { isLoopbackHost } from "../loopback.js";
import { addLogOptions } from "./log-options.js";
import { nonNegativeInteger, portOption, positiveInteger, positiveNumber, secondsOption } from "./options.js";
import { addServerOptions, resolveToken } from "./server-options.js";

describe("option parsers", () => {
  it.each([
    [portOption, "0", 0],
    [portOption, "65535", 65_535],
    [positiveInteger, "12", 12],
    [nonNegativeInteger, "0", 0],
    [positiveNumber, "0.5", 0.5],
    [secondsOption, "30", 30],
    [secondsOption, "2.5s", 2.5],
    [secondsOption, "500ms", 0.5],
    [secondsOption, "5m", 300],
    [secondsOption, "0", 0],
  ])("reads %#", (parse, text, value) => expect(parse(text)).toBe(value));

  it.each([
    [portOption, "65536"],
    [portOption, "-1"],
    [portOption, "80a"],
    [positiveInteger, "0"],
    [positiveInteger, "1.5"],
    [positiveInteger, ""],
    [positiveInteger, "99999999999999999999"],
    [nonNegativeInteger, "1e3"],
    [positiveNumber, "0"],
    [positiveNumber, "NaN"],
    [secondsOption, "soon"],
    [secondsOption, "1.2.3"],
    [secondsOption, "."],
  ])("refuses %#", (parse, text) => expect(() => parse(text)).toThrow(/^Expected /));
});

describe("addLogOptions and addServerOptions", () => {
  const command = () => addServerOptions(addLogOptions(new Command().exitOverride()), { port: 5000 });

  it("have defaults", () => {
    expect(command().parse([], { from: "user" }).opts()).toEqual({
      logLevel: "info",
      port: 5000,
      host: "127.0.0.1",
      allowHost: [],
    });
  });

  it("parse valid values", () => {
    const argv = [
      "-p",
      "0",
      "--host",
      "::",
      "--token",
      "t",
      "--insecure",
      "--allow-host",
      "gpu-box",
      "--allow-host=eval.example.org",
      "--log-level",
      "debug",
      "--log-format",
      "json",
    ];
    expect(command().parse(argv, { from: "user" }).opts()).toEqual({
      logLevel: "debug",
      logFormat: "json",
      port: 0,
      host: "::",
      token: "t",
      insecure: true,
      allowHost: ["gpu-box", "eval.example.org"],
    });
  });
});

describe("isLoopbackHost", () => {
  it.each(["localhost", "LOCALHOST", "a.localhost", "127.0.0.1", "127.1.2.3", "::1", "[::1]", "::ffff:127.0.0.1"])(
    "takes %s",
    (host) => expect(isLoopbackHost(host)).toBe(true),
  );
  it.each(["0.0.0.0", "::", "", "10.0.0.1", "127.0.0.1.example.org", "example.org", "localhost.org", "1270.0.0.1"])(
    "refuses %j",
    (host) => expect(isLoopbackHost(host)).toBe(false),
  );
});

describe("resolveToken", () => {
  it("needs none on this machine, but uses one that is given", () => {
    expect(resolveToken({ host: "127.0.0.1", env: {} })).toBeUndefined();
    expect(resolveToken({ host: "127.0.0.1", env: { EVAL_TOKEN: "e" } })).toBe("e");
    expect(resolveToken({ host: "127.0.0.1", token: "t", env: { EVAL_TOKEN: "e" } })).toBe("t");
  });

  it("demands one beyond it, or --insecure", () => {
    expect(() => resolveToken({ host: "0.0.0.0", env: { EVAL_TOKEN: "" } })).toThrowError(
      expect.objectContaining({
        code: "USAGE",
        message: expect.stringMatching(/--token TOKEN or EVAL_TOKEN.*--insecure/),
      }),
    );
    expect(resolveToken({ host: "0.0.0.0", insecure: true, env: {} })).toBeUndefined();
    expect(resolveToken({ host: "0.0.0.0", env: { EVAL_TOKEN: "e" } })).toBe("e");
  });

  it("rejects a token that cannot be sent in a header", () => {
    expect(() => resolveToken({ host: "localhost", token: "", env: {} })).toThrow(/^--token: /);
    expect(() => resolveToken({ host: "localhost", env: { EVAL_TOKEN: "a b" } })).toThrow(/^EVAL_TOKEN: /);
  });
});
