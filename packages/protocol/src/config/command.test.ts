// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references are written like this
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { afterEach, beforeEach, expect, it } from "vitest";
import { addConfigCommand } from "./command.js";

let cwd: string;

beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), "command-"));
  writeFileSync(join(cwd, "a.yaml"), "x: {default: {api_key: sk-1, url: '${env:URL}'}, one: {}}\n");
});

afterEach(() => rmSync(cwd, { recursive: true, force: true }));

async function run(...argv: string[]) {
  const written = { out: "", err: "" };
  const program = new Command().exitOverride();
  addConfigCommand(program, {
    cwd,
    stdout: { write: (text) => (written.out += text) },
    stderr: { write: (text) => (written.err += text) },
  });
  await program.parseAsync(["config", ...argv], { from: "user" });
  return written;
}

it("prints the resolved configuration with its references, secrets masked", async () => {
  const { out, err } = await run("a.yaml");
  expect(out).toBe("x:\n  one:\n    api_key: '***'\n    url: ${env:URL}\n");
  expect(err).toMatch(/^warning: a\.yaml contains secrets, shown as \*\*\*: x\.one\.api_key;/);
});

it("prints JSON, and secrets on request", async () => {
  const { out, err } = await run("a.yaml", "-o", "json", "--show-secrets");
  expect(JSON.parse(out)).toEqual({ x: { one: { api_key: "sk-1", url: "${env:URL}" } } });
  expect(err).toBe("");
});

it("checks a file without printing it", async () => {
  expect(await run("a.yaml", "--check")).toEqual({ out: "a.yaml: ok\n", err: "" });
  writeFileSync(join(cwd, "c.yaml"), "x: 1\nx: 2\n");
  expect(await run("c.yaml", "--check")).toEqual({
    out: "c.yaml: ok\n",
    err: "warning: c.yaml: line 2, column 1: duplicate key in a mapping: the last one is used\n",
  });
  writeFileSync(join(cwd, "b.yaml"), "import: none.yaml");
  await expect(run("b.yaml", "--check")).rejects.toMatchObject({ code: "CONFIG_INVALID" });
});
