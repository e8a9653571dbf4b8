import { expect, test } from "vitest";
import { BinProcess, makeFolder } from "./testing/bin-process.js";

const run = async (...args: string[]) => new BinProcess(args, { cwd: await makeFolder({}) }).end();

test("the help shows the options of the run, and the commands", async () => {
  const { code, stdout, stderr } = await run("--help");
  expect([code, stderr]).toEqual([0, ""]);
  expect(stdout).toMatch(/^Usage: npx @eval\/assigner \[options\]\n +npx @eval\/assigner <command> \[options\]\n/);
  expect(stdout).toMatch(/--config <file>[\s\S]*--lease <seconds>[\s\S]*Commands:\n +analyze [\s\S]* agent-test /);
});

test.each([
  [["analyse"], /^error: unknown command analyse; commands: .*analyze, agent-test.* \(USAGE\)\n$/],
  [["-c", "x.yaml", "analyze"], /^error: --config: options of analyze must follow the command name \(USAGE\)\n$/],
  [["analyze", "--no-such-flag"], /^error: unknown option '--no-such-flag'/],
])("%j is refused", async (args, message) => {
  const { code, stdout, stderr } = await run(...args);
  expect(stderr).toMatch(message);
  expect([code, stdout]).toEqual([2, ""]);
});
