import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { EmptyFolder } from "./empty-folder.js";
import { type Manifest, publishedPackages, readManifest, workspaceDir } from "./workspace.js";

let folder: EmptyFolder;
beforeAll(async () => {
  folder = new EmptyFolder(inject("registry"));
  await folder.run("npm", ["install", ...publishedPackages(), "@types/node@20"]);
});
afterAll(() => folder.remove());

const dirOf = (name: string) => join(folder.dir, "node_modules", name);
const entriesOf = ({ name, exports }: Manifest) =>
  Object.keys(exports)
    .filter((subpath) => subpath !== "./package.json")
    .map((subpath) => name + subpath.slice(1));

test("there are six packages, all of one version", () => {
  const versions = publishedPackages().map((name) => readManifest(dirOf(name)).version);
  expect(versions).toHaveLength(6);
  expect(new Set(versions).size).toBe(1);
});

describe.each(publishedPackages())("%s", (name) => {
  const files = () => folder.listAll(join("node_modules", name)).filter((file) => !file.startsWith("node_modules/"));

  test("holds what is run, its licence and its README, and no sources or tests", () => {
    expect(["LICENSE", "README.md", "package.json"].filter((file) => !files().includes(file))).toEqual([]);
    const allowed = /^(LICENSE|README\.md|package\.json|bin\.js|data\/.+\.jsonl|sql\/.+\.sql|dist\/.+\.(js|d\.ts))$/;
    expect(files().filter((file) => !allowed.test(file))).toEqual([]);
    const tests = files().filter((file) => /\.test\.|(^|\/)(testing|integration)\//.test(file));
    expect(tests.filter((file) => !file.startsWith("dist/testing/") || name !== "@eval/protocol")).toEqual([]);
    expect(readFileSync(join(dirOf(name), "README.md"), "utf8")).toContain(name);
  });

  test("does not point at missing source maps", () => {
    const code = files().filter((file) => file.endsWith(".js") || file.endsWith(".d.ts"));
    const pointers = code.filter((file) => /^\/\/# sourceMappingURL=(?!data:)/m.test(readText(file)));
    expect(pointers).toEqual([]);
  });

  test("imports, of its own files, only what is there", () => {
    for (const file of files().filter((file) => /\.js$|\.d\.ts$/.test(file))) {
      for (const target of relativeImports(readText(file))) {
        const path = resolve(dirOf(name), file, "..", target);
        const found = file.endsWith(".d.ts") ? path.replace(/\.js$/, ".d.ts") : path;
        expect(existsSync(found), `${file} imports ${target}`).toBe(true);
      }
    }
  });

  test("asks for versions that exist outside the workspace", () => {
    const { dependencies, devDependencies, peerDependencies, optionalDependencies } = readManifest(dirOf(name));
    const ranges = Object.entries({
      ...dependencies,
      ...devDependencies,
      ...peerDependencies,
      ...optionalDependencies,
    });
    expect(ranges.filter(([, range]) => !/^[\^~]?\d+\.\d+\.\d+/.test(range))).toEqual([]);
    const ofScope = Object.keys(dependencies ?? {}).filter((dependency) => dependency.startsWith("@eval/"));
    expect(ofScope).toEqual(name === "@eval/protocol" ? [] : ["@eval/protocol"]);
  });

  test("exports files that are there, each with its types", () => {
    const { exports, bin = {} } = readManifest(dirOf(name));
    for (const [subpath, target] of Object.entries(exports)) {
      const paths =
        typeof target === "string" ? [target] : [target.types ?? "no types", target.default ?? "no default"];
      for (const path of paths) expect(existsSync(join(dirOf(name), path)), `${subpath}: ${path}`).toBe(true);
    }
    for (const path of Object.values(bin)) expect(readText(path)).toMatch(/^#!\/usr\/bin\/env node\n/);
  });

  test("can be imported and required, every entry, and does nothing by that", async () => {
    const entries = JSON.stringify(entriesOf(readManifest(dirOf(name))));
    folder.write("import.mjs", `for (const entry of ${entries}) await import(entry);\n`);
    folder.write("require.cjs", `for (const entry of ${entries}) require(entry);\n`);
    const imported = await folder.run("node", ["import.mjs"]);
    expect(imported).toEqual({ stdout: "", stderr: "" });
    const required = await folder.run("node", ["--disable-warning=ExperimentalWarning", "require.cjs"]);
    expect(required).toEqual({ stdout: "", stderr: "" });
  });

  const readText = (file: string) => readFileSync(join(dirOf(name), file), "utf8");
});

test("a strict TypeScript program can use every entry", async () => {
  const entries = publishedPackages().flatMap((name) => entriesOf(readManifest(dirOf(name))));
  const lines = entries.map((entry, at) => `export * as entry${at} from "${entry}";\n`);
  folder.write("package.json", JSON.stringify({ ...JSON.parse(folder.read("package.json")), type: "module" }));
  folder.write("program.ts", lines.join(""));
  const options = ["--strict", "--noEmit", "--module", "nodenext", "--target", "es2023", "--types", "node"];
  const compiler = join(workspaceDir, "node_modules/typescript/bin/tsc");
  await folder.run(process.execPath, [compiler, ...options, "--skipLibCheck", "false", "program.ts"]);
});

function relativeImports(code: string): string[] {
  const imports = code.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*"(\.{1,2}\/[^"]+)"/g);
  return [...imports].map(([, target]) => target as string);
}
