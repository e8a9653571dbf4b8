import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { assertOutputFolder } from "./output-folder.js";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "output-"));
});
afterEach(() => rm(folder, { recursive: true }));

it("accepts a new folder, an empty one, or that of a run", async () => {
  await assertOutputFolder(join(folder, "new"));
  await assertOutputFolder(folder);
  await writeFile(join(folder, "config.yaml"), "");
  await writeFile(join(folder, "notes.txt"), "");
  await assertOutputFolder(folder);
});

it("accepts a folder with results but without a configuration", async () => {
  await mkdir(join(folder, "agent", "task"), { recursive: true });
  await writeFile(join(folder, "agent", "task", "runs.jsonl"), "");
  await assertOutputFolder(folder);
});

it("refuses a folder with other content, and names some of it", async () => {
  await writeFile(join(folder, "package.json"), "{}");
  await mkdir(join(folder, "source", "deep"), { recursive: true });
  await expect(assertOutputFolder(folder)).rejects.toThrow(/contains no run \(package\.json/);
});
