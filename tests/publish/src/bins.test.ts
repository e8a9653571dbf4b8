import { afterEach, expect, inject, test } from "vitest";
import { EmptyFolder } from "./empty-folder.js";
import { publishedPackages } from "./workspace.js";

let folder: EmptyFolder | undefined;
afterEach(() => folder?.remove());

test("npx runs the controller's bin in an empty folder, and leaves it empty", async () => {
  folder = new EmptyFolder(inject("registry"));
  const { stdout } = await folder.run("npx", ["-y", "@eval/controller", "--help"]);
  expect(stdout).toContain("Usage: npx @eval/controller");
  expect(stdout).toContain("--recovery-window");
  expect(folder.list()).toEqual([]);
});

test("every bin is the one that npx takes for its package", async () => {
  folder = new EmptyFolder(inject("registry"));
  const names = publishedPackages().filter((name) => name !== "@eval/tasks");
  expect(names).toHaveLength(5);
  // Installed together, once; npx then runs what is there.
  await folder.run("npm", ["install", ...names]);
  for (const name of names) {
    const { stdout } = await folder.run("npx", ["--no", name, "--version"]);
    expect(stdout.trim(), name).toMatch(/^\d+\.\d+\.\d+/);
  }
});
