import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, it } from "vitest";

const run = promisify(execFile);
const example = (name: string) => fileURLToPath(new URL(`../../../examples/embedding/${name}`, import.meta.url));

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "examples-"));
});
afterEach(() => rm(folder, { recursive: true }));

it("a program hosts a controller, a worker and an evaluation of one's own task and agents", async () => {
  const { stdout } = await run(process.execPath, [example("in-one-process.mjs"), join(folder, "out")], {
    cwd: folder,
    timeout: 60_000,
  });
  expect(stdout).toMatch(/careful: .*"accuracy_first_try":1\b/);
  expect(stdout).toMatch(/hasty: .*"accuracy_first_try":0\.3/);
  expect(stdout).toMatch(/careful\s+│ arithmetic │\s+12 │\s+0 │/);
});

it("a program launches a controller and workers as processes, and stops them", async () => {
  const { stdout } = await run(process.execPath, [example("launcher.mjs")], { cwd: folder, timeout: 60_000 });
  expect(stdout).toMatch(/^2 workers at http:\/\/localhost:\d+\/api$/m);
});
