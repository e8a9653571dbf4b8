import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { assertOutputFolder } from "./output-folder.js";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "output-"));
});
afterEach(() => rm(folder, { recursive: true }));

it("takes a folder that is new, empty, or a run's", async () => {
  await assertOutputFolder(join(folder, "new"));
  await assertOutputFolder(folder);
  await writeFile(join(folder, "config.yaml"), "");
  await writeFile(join(folder, "notes.txt"), "");
  await assertOutputFolder(folder);
});

it("refuses a folder full of other things, and names some", async () => {
  await writeFile(join(folder, "package.json"), "{}");
  await expect(assertOutputFolder(folder)).rejects.toThrow(/holds no run \(package\.json/);
});
