import { describe, expect } from "vitest";
import { fixture } from "./harness/repository.js";
import { type Stage, test } from "./harness/stage.js";

/** What the loader makes of a reference in a process of its own: this one's import() is the test runner's. */
async function load(stage: Stage, reference: string, configDir = "configs", cwd = "cwd"): Promise<unknown> {
  const folders = [stage.path(configDir), stage.path(cwd)];
  const run = stage.run(process.execPath, [fixture("load-export.mjs"), reference, ...folders]);
  expect(await run.ends(), run.report).toEqual({ code: 0, signal: null });
  return JSON.parse(run.stdout);
}

function writePackage(stage: Stage, folder: string, name: string, exports: unknown): void {
  stage.write(`${folder}/node_modules/${name}/package.json`, { name, version: "1.0.0", type: "module", exports });
  stage.write(`${folder}/node_modules/${name}/main.js`, `export const where = ${JSON.stringify(folder)};`);
}

describe("the module loader with plain Node", () => {
  test.for([
    { what: "spaces", folder: "a folder with spaces", file: "my agent.mjs" },
    { what: "a #", folder: "folder#1", file: "agent.mjs" },
    { what: "what a URL would decode", folder: "100%25 & ü?", file: "agent.mjs" },
  ])("takes paths with $what", async ({ folder, file }, { stage }) => {
    stage.write(`${folder}/${file}`, `export const Named = "named"; export default "default";`);
    expect(await load(stage, `./${file}#Named`, folder)).toEqual({ value: "named" });
    expect(await load(stage, `./${folder}/${file}#Named`, ".")).toEqual({ value: "named" });
    expect(await load(stage, stage.path(folder, `${file}#Named`))).toEqual({ value: "named" });
    expect(await load(stage, `./${file}`, folder)).toEqual({ value: "default" });
  });

  test("finds a package that exports only for import, near the configuration first", async ({ stage }) => {
    const exports = { ".": { import: "./main.js" } };
    for (const folder of ["configs", "cwd"]) writePackage(stage, folder, "in-both", exports);
    writePackage(stage, "cwd", "@scope/in-cwd", exports);
    expect(await load(stage, "in-both#where")).toEqual({ value: "configs" });
    expect(await load(stage, "@scope/in-cwd#where")).toEqual({ value: "cwd" });
  });

  test("says which package is not installed, and how to install it", async ({ stage }) => {
    expect(await load(stage, "@scope/no-such-package#Agent")).toMatchObject({
      code: "MODULE_NOT_FOUND",
      message: expect.stringMatching(/@scope\/no-such-package is not installed.*npm install @scope\/no-such-package/),
    });
  });

  test("reports which file is missing", async ({ stage }) => {
    expect(await load(stage, "./gone.mjs")).toMatchObject({
      code: "MODULE_NOT_FOUND",
      message: expect.stringContaining(stage.path("configs", "gone.mjs")),
    });
  });

  test("names a module that throws, and keeps the error", async ({ stage }) => {
    stage.write("configs/throws.mjs", `throw new Error("the module's own words");`);
    expect(await load(stage, "./throws.mjs#Agent")).toMatchObject({
      code: "MODULE_INVALID",
      message: expect.stringContaining("throws.mjs"),
      cause: "the module's own words",
    });
  });

  test("names the existing exports", async ({ stage }) => {
    stage.write("configs/agents.mjs", "export class Other {}");
    expect(await load(stage, "./agents.mjs#Agent")).toMatchObject({
      code: "MODULE_INVALID",
      message: expect.stringMatching(/does not export Agent: it exports Other/),
    });
  });
});
