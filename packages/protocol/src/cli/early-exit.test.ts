import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";

/** The compiled module: a child runs plain Node (`test` depends on `build`). */
const compiled = new URL("../../dist/cli/index.js", import.meta.url).href;

/** Runs a bin whose main does this, in a process of its own. */
function run(main: string): { code: number | null; stderr: string } {
  const script = `import { runBin, onShutdown } from ${JSON.stringify(compiled)};\nawait runBin(async (context) => {\n${main}\n});`;
  const argv = ["--input-type=module", "--eval", script];
  const { status, stderr } = spawnSync(process.execPath, argv, { encoding: "utf8", timeout: 60_000 });
  return { code: status, stderr };
}

const forever = "await new Promise(() => setInterval(() => {}, 1000));";

describe("a process that ends before its program is over", () => {
  it.each([
    ["calls process.exit(0)", "process.exit(0);", /process\.exit\(0\) was called at .*:3:\d+/],
    ["calls it later", `setTimeout(() => process.exit(0), 1); ${forever}`, /process\.exit\(0\) was called at .*:3:\d+/],
    ["calls it with a code", "process.exit(3);", /process\.exit\(3\) was called/],
    ["throws in a timer", `setTimeout(() => { throw new Error("stray"); }, 1); ${forever}`, /an error was not caught/],
    ["rejects a promise", `Promise.reject(new Error("stray")); ${forever}`, /an error was not caught/],
    ["waits for nothing", "await new Promise(() => {});", /the event loop is empty/],
  ])("has an exit code of its own and says why: it %s", (_, main, why) => {
    const { code, stderr } = run(main);
    expect(code).toBe(4);
    expect(stderr).toMatch(why);
    expect(stderr).toContain("(ENDED_EARLY)");
  });
});

describe("a program that ends as it should", () => {
  it.each([
    ["by its return", "return 3;", 3],
    ["by an error", 'throw new Error("expected");', 1],
    [
      "by a second signal",
      `onShutdown(() => new Promise(() => {}), { process: context.process, now: () => (globalThis.at = (globalThis.at ?? 0) + 1000) });
       process.emit("SIGINT"); process.emit("SIGINT"); ${forever}`,
      130,
    ],
  ])("keeps its exit code: %s", (_, main, expected) => {
    const { code, stderr } = run(main);
    expect(code, stderr).toBe(expected);
    expect(stderr).not.toContain("ENDED_EARLY");
  });
});
