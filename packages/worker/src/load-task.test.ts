import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { afterEach, beforeEach, expect, it } from "vitest";
import { loadTask } from "./load-task.js";

let cwd = "";
beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), "load-task-"));
});
afterEach(() => rm(cwd, { recursive: true }));

it("keeps the parameters of a task out of the error if it cannot be created", async () => {
  const task = "export default ({ parameters }) => { throw new Error(`no database at ${parameters.database}`); };";
  await writeFile(join(cwd, "task.mjs"), task);
  const definition = { module: "./task.mjs", parameters: { database: "mysql://root:${env:PASSWORD}@host/db" } };
  await writeFile(join(cwd, "task.json"), JSON.stringify({ t: definition }));
  const loading = loadTask({ name: "t", file: "task.json", cwd, env: { PASSWORD: "open-sesame" } });
  const error: unknown = await loading.catch((thrown) => thrown);
  expect(error).toMatchObject({ code: "MODULE_INVALID", message: expect.stringContaining("mysql://root:***@host/db") });
  expect(inspect(error)).not.toContain("open-sesame");
});
