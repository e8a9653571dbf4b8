import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { importsOf, packageOf } from "./harness/imports.js";
import { packagesFolder } from "./harness/repository.js";

const packages = readdirSync(packagesFolder, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

describe.each(packages)("packages/%s", (name) => {
  const folder = join(packagesFolder, name);
  const sources = readdirSync(join(folder, "src"), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => join(folder, "src", file));
  const imports = sources.flatMap((file) => {
    const found = importsOf(file);
    return [...found.static, ...found.dynamic].map((specifier) => ({ file: relative(folder, file), specifier }));
  });
  const isAllowed = (dependency: string) => dependency === "@eval/protocol" || dependency === `@eval/${name}`;

  test("imports no package of the workspace except @eval/protocol", () => {
    expect(imports.length).toBeGreaterThan(sources.length);
    const own = imports.filter(({ specifier }) => specifier.startsWith("@eval/"));
    expect(own.filter(({ specifier }) => !isAllowed(packageOf(specifier)))).toEqual([]);
  });

  test("depends on no package of the workspace except @eval/protocol", () => {
    const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    const kinds = ["dependencies", "devDependencies", "peerDependencies", "optionalDependencies"];
    const names = kinds.flatMap((kind) => Object.keys(manifest[kind] ?? {}));
    expect(names.filter((one) => one.startsWith("@eval/") && one !== "@eval/protocol")).toEqual([]);
  });

  test("uses relative imports only for its own files", () => {
    const leaving = imports.filter(({ file, specifier }) => {
      return specifier.startsWith(".") && relative(folder, resolve(folder, dirname(file), specifier)).startsWith("..");
    });
    expect(leaving).toEqual([]);
  });
});

describe("an import of a package's root loads", () => {
  test("for @eval/tasks: no database driver, and no third-party package except the schema library", () => {
    const { files, packages: reached } = closureOf(join(packagesFolder, "tasks", "dist", "index.js"));
    expect(files.length).toBeGreaterThan(1);
    expect(reached.filter((name) => !name.startsWith("node:"))).toEqual(["zod"]);
  });

  test("for @eval/protocol: only the schema library", () => {
    const { files, packages: reached } = closureOf(join(packagesFolder, "protocol", "dist", "index.js"));
    expect(files.length).toBeGreaterThan(5);
    expect(reached.filter((name) => !name.startsWith("node:"))).toEqual(["zod"]);
  });

  test.each(["task", "agent"])("of @eval/protocol/%s: nothing", (entry) => {
    const { packages: reached } = closureOf(join(packagesFolder, "protocol", "dist", `${entry}.js`));
    expect(reached).toEqual([]);
  });
});

/** The files of the workspace, and the other packages, that a static import of a built file loads. */
function closureOf(entry: string): { files: string[]; packages: string[] } {
  const files = new Set<string>();
  const reached = new Set<string>();
  const waiting = [entry];
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (files.has(file)) continue;
    files.add(file);
    for (const specifier of importsOf(file).static) {
      if (specifier.startsWith(".")) waiting.push(resolve(dirname(file), specifier));
      else if (specifier.startsWith("@eval/")) waiting.push(createRequire(file).resolve(specifier));
      else reached.add(specifier.startsWith("node:") ? specifier : packageOf(specifier));
    }
  }
  return { files: [...files], packages: [...reached].sort() };
}
