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

it("takes a folder that is new, empty, or a run's", async () => {
  await assertOutputFolder(join(folder, "new"));
  await assertOutputFolder(folder);
  await writeFile(join(folder, "config.yaml"), "");
  await writeFile(join(folder, "notes.txt"), "");
  await assertOutputFolder(folder);
});

it("takes a folder with results, though nobody has written a configuration into it", async () => {
  await mkdir(join(folder, "agent", "task"), { recursive: true });
  await writeFile(join(folder, "agent", "task", "runs.jsonl"), "");
  await assertOutputFolder(folder);
});

it("refuses a folder full of other things, and names some", async () => {
  await writeFile(join(folder, "package.json"), "{}");
  await mkdir(join(folder, "source", "deep"), { recursive: true });
  await expect(assertOutputFolder(folder)).rejects.toThrow(/contains no run \(package\.json/);
});
