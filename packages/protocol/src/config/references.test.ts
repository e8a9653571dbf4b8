// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references are written like this
import { describe, expect, it } from "vitest";
import { resolveEnvReferences } from "./references.js";

const env = { HOST: "localhost", PORT: "5000", EMPTY: "" };

describe("resolveEnvReferences", () => {
  it("replaces references in texts at any depth, several in one", () => {
    const value = { url: "http://${env:HOST}:${env:PORT}/api", list: [{ x: "${env:HOST}" }, 1, null], n: 5 };
    expect(resolveEnvReferences(value, env)).toEqual({
      url: "http://localhost:5000/api",
      list: [{ x: "localhost" }, 1, null],
      n: 5,
    });
    expect(value.list[0]).toEqual({ x: "${env:HOST}" });
  });

  it("uses the fallback for unset or empty variables", () => {
    expect(resolveEnvReferences("${env:NONE:-a:-b} ${env:EMPTY:-c} ${env:NONE:-}|${env:EMPTY}|", env)).toBe(
      "a:-b c ||",
    );
    expect(resolveEnvReferences("${env:HOST:-other}", env)).toBe("localhost");
  });

  it("does not change other strings, and does not expand references in the values of variables", () => {
    expect(resolveEnvReferences("$HOST {env:HOST} ${HOST}", env)).toBe("$HOST {env:HOST} ${HOST}");
    expect(resolveEnvReferences("${env:A}", { A: "${env:B}$&" })).toBe("${env:B}$&");
    expect(() => resolveEnvReferences("${env:toString}", {})).toThrow(/toString is not set/);
  });

  it("reports every problem at once with file and key path", () => {
    const value = { a: ["${env:ONE}", "${env:TWO}-${env:ONE}"], b: "${env:1X}", c: "${env:HOST" };
    expect(() => resolveEnvReferences(value, env, { source: "m.yaml", path: ["agent", "g.1"] })).toThrowError(
      expect.objectContaining({
        code: "CONFIG_INVALID",
        message: [
          "5 problems in the configuration:",
          '  m.yaml: agent["g.1"].a[0]: the environment variable ONE is not set; set it, or add a fallback: ${env:ONE:-fallback}',
          '  m.yaml: agent["g.1"].a[1]: the environment variable TWO is not set; set it, or add a fallback: ${env:TWO:-fallback}',
          '  m.yaml: agent["g.1"].a[1]: the environment variable ONE is not set; set it, or add a fallback: ${env:ONE:-fallback}',
          '  m.yaml: agent["g.1"].b: malformed reference "${env:1X}"; write ${env:NAME} or ${env:NAME:-fallback}',
          '  m.yaml: agent["g.1"].c: malformed reference "${env:HOST"; write ${env:NAME} or ${env:NAME:-fallback}',
        ].join("\n"),
      }),
    );
  });
});
