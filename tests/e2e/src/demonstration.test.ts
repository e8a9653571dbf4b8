import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { repository } from "./harness/repository.js";
import { test } from "./harness/stage.js";

test("the demonstration ends by itself, shows its table, and leaves no process", async ({ stage }) => {
  const run = stage.run(process.execPath, [join("scripts", "demo.mjs")], { isOwner: true });

  expect(await run.ends(), run.report).toEqual({ code: 0, signal: null });

  expect(stage.running).toEqual([]);
  expect(run.stdout).toMatch(/dbbench-reference *│ dbbench-mini *│ *84 │ *0 │ *0 │ overall_cat_accuracy 1 /);
  expect(run.stdout).toMatch(/dbbench-baseline *│ dbbench-mini *│ *84 │ *0 │ *0 │ overall_cat_accuracy 0\.\d+ /);
  const [, output = ""] = /Results: (\S+)/.exec(run.stdout) ?? [];
  expect(output.startsWith(join(repository, "output"))).toBe(true);
  expect(existsSync(join(output, "dbbench-reference", "dbbench-mini", "overall.json"))).toBe(true);
  rmSync(output, { recursive: true });
});

test("the demonstration stops cleanly when it is interrupted", async ({ stage }) => {
  const run = stage.run(process.execPath, [join("scripts", "demo.mjs")], { isOwner: true });
  await run.wrote(/Starting a controller/);

  run.signal("SIGINT");

  await run.ends();
  expect(stage.running).toEqual([]);
  const [, output] = /Results: (\S+)/.exec(run.stdout) ?? [];
  if (output !== undefined) rmSync(output, { recursive: true });
});
