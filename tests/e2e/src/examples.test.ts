import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, it } from "vitest";
import { ControllerProcess } from "./harness/controller.js";
import { repository } from "./harness/repository.js";
import { test } from "./harness/stage.js";

const run = promisify(execFile);
const example = (name: string) => fileURLToPath(new URL(`../../../examples/embedding/${name}`, import.meta.url));

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "examples-"));
});
afterEach(() => rm(folder, { recursive: true }));

it("one program contains a controller, a worker and an evaluation with a custom task and custom agents", async () => {
  const { stdout } = await run(process.execPath, [example("in-one-process.mjs"), join(folder, "out")], {
    cwd: folder,
    timeout: 60_000,
  });
  expect(stdout).toMatch(/careful: .*"accuracy_first_try":1\b/);
  expect(stdout).toMatch(/hasty: .*"accuracy_first_try":0\.3/);
  expect(stdout).toMatch(/careful\s+│ arithmetic │\s+12 │\s+0 │/);
});

test("a custom center runs samples with shell commands", async ({ stage }) => {
  const controller = await ControllerProcess.start(stage);
  const examples = join(repository, "examples");
  const module = join(examples, "own-task/arithmetic-task.mjs");
  const tasks = stage.write("tasks.yaml", { arithmetic: { module, parameters: { samples: 4 } } });
  stage.start("worker", ["arithmetic", "--config", tasks, "--controller", controller.address, "--port", "0"]);
  const output = stage.path("out");
  const run = stage.start("assigner", ["-c", join(examples, "own-center/assignment.yaml"), "-o", output], {
    env: { EVAL_CONTROLLER: controller.address },
  });
  expect(await run.ends(), run.report).toEqual({ code: 0, signal: null });
  expect(run.stdout).toMatch(/command │ arithmetic │\s+4 │\s+0 │\s+0 │ accuracy_first_try 1\b/);
  expect(run.stderr).toContain("2 commands have ended");
  await controller.untilIdle("arithmetic");
});

it("a program starts a controller and workers as processes, and stops them", async () => {
  const { stdout } = await run(process.execPath, [example("launcher.mjs")], { cwd: folder, timeout: 60_000 });
  expect(stdout).toMatch(/^2 workers at http:\/\/localhost:\d+\/api$/m);
});
