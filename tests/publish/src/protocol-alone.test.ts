import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { EmptyFolder } from "./empty-folder.js";

let folder: EmptyFolder;
beforeAll(async () => {
  folder = new EmptyFolder(inject("registry"));
  await folder.run("npm", ["install", "@eval/protocol"]);
});
afterAll(() => folder.remove());

test("a task's author does not install a server", () => {
  const installed = folder.list("node_modules");
  expect(installed).toContain("zod");
  for (const heavy of ["express", "axios", "undici", "winston"]) expect(installed).not.toContain(heavy);
  expect(folder.list("node_modules/@eval")).toEqual(["protocol"]);
});

test("what needs no server, client or log library can be imported without them", async () => {
  const subpaths = ["", "/task", "/agent", "/config", "/conformance", "/cli", "/module-loader", "/logger", "/testing"];
  const imports = subpaths.map((subpath) => `await import("@eval/protocol${subpath}");`).join("\n");
  await folder.run("node", ["--input-type=module", "--eval", imports]);
});

test("the bin prints a configuration", async () => {
  folder.write("part.yaml", "here: { name: part }\n");
  folder.write("whole.yaml", "import: part.yaml\nhere: { size: 2 }\n");
  const { stdout } = await folder.run("npx", ["@eval/protocol", "config", "whole.yaml", "-o", "json"]);
  expect(JSON.parse(stdout)).toEqual({ here: { name: "part", size: 2 } });
});

test("the root and what authors implement need zod alone", async () => {
  for (const name of folder.list("node_modules").filter((name) => !["@eval", "zod"].includes(name))) {
    rmSync(join(folder.dir, "node_modules", name), { recursive: true });
  }
  const script = `
    import { startSampleSchema } from "@eval/protocol";
    import "@eval/protocol/task";
    import "@eval/protocol/agent";
    console.log(startSampleSchema.parse({ name: "a", index: 1 }).name);
  `;
  const { stdout } = await folder.run("node", ["--input-type=module", "--eval", script]);
  expect(stdout).toBe("a\n");
});
