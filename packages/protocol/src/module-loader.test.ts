import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { build, loadExport, parseModuleReference, requireMethods } from "./module-loader.js";

let folder: string;
let search: { configDir: string; cwd: string; from: string };

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "modules-")));
  search = { configDir: join(folder, "project/configs"), cwd: join(folder, "work"), from: join(folder, "bin/dist") };
  for (const path of Object.values(search)) mkdirSync(path, { recursive: true });
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(files: Record<string, string>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
}

/** A package as many are published: ESM, with nothing in `exports` but the condition `import`. */
function importOnly(root: string, name: string, value: string): void {
  const manifest = { name, type: "module", exports: { ".": { import: "./main.js" }, "./sub": { import: "./sub.js" } } };
  write({
    [`${root}/node_modules/${name}/package.json`]: JSON.stringify(manifest),
    [`${root}/node_modules/${name}/main.js`]: `export const value = "${value}"; export default "default of ${value}";`,
    [`${root}/node_modules/${name}/sub.js`]: `export const value = "sub of ${value}";`,
  });
}

describe("loadExport from a package", () => {
  it("loads a package that exports only for import from the folder of the configuration", async () => {
    importOnly("project", "@scope/pack", "one");
    expect(await loadExport("@scope/pack#value", search)).toBe("one");
    expect(await loadExport("@scope/pack", search)).toBe("default of one");
    expect(await loadExport("@scope/pack/sub#value", search)).toBe("sub of one");
  });

  it("looks from the configuration, then the working directory, then the running package", async () => {
    importOnly("bin", "pack", "running package");
    expect(await loadExport("pack#value", search)).toBe("running package");
    importOnly("work", "pack", "working directory");
    expect(await loadExport("pack#value", search)).toBe("working directory");
    importOnly("project", "pack", "configuration");
    expect(await loadExport("pack#value", search)).toBe("configuration");
  });

  it("finds the running package itself by its own name", async () => {
    write({
      "bin/package.json": JSON.stringify({ name: "@scope/self", type: "module", exports: { ".": "./dist/index.js" } }),
      "bin/dist/index.js": "export const me = 1;",
    });
    expect(await loadExport("@scope/self#me", search)).toBe(1);
  });

  it("loads CommonJS, also exports that Node cannot foresee", async () => {
    write({
      "work/node_modules/old/package.json": JSON.stringify({ name: "old", main: "lib/index.js" }),
      "work/node_modules/old/lib/index.js": "const all = { seen: 1 }; all['hid' + 'den'] = 2; module.exports = all;",
    });
    expect(await loadExport("old#hidden", search)).toBe(2);
    expect(await loadExport("old", search)).toMatchObject({ seen: 1 });
  });

  it("reports how to install a missing package, and where it was searched for", async () => {
    await expect(loadExport("@scope/none/sub#X", search)).rejects.toMatchObject({
      code: "MODULE_NOT_FOUND",
      message: [
        "the package @scope/none is not installed. Install it: npm install @scope/none",
        "Searched from",
        `  ${search.configDir}`,
        `  ${search.cwd}`,
        `  ${search.from}`,
      ].join("\n"),
    });
  });

  it("tells a file that lacks its ./ from a package", async () => {
    write({ "project/configs/task.mjs": "" });
    await expect(loadExport("task.mjs#Task", search)).rejects.toThrow(/If you mean the file, write \.\/task\.mjs#Task/);
  });

  it("tells a missing subpath and a missing build from a missing package", async () => {
    importOnly("project", "pack", "one");
    write({ "project/node_modules/unbuilt/package.json": '{"name": "unbuilt", "exports": "./dist/index.js"}' });
    await expect(loadExport("pack/other#X", search)).rejects.toThrow(
      /pack is installed in .*, but it does not export pack\/other/,
    );
    await expect(loadExport("unbuilt#X", search)).rejects.toThrow(/is it built\?/);
  });
});

describe("loadExport from a file", () => {
  it("reads relative paths from the configuration's folder, and absolute ones", async () => {
    write({ "project/tasks-1/t.mjs": "export const n = 5; export default 6;" });
    expect(await loadExport("../tasks-1/t.mjs#n", search)).toBe(5);
    expect(await loadExport(join(folder, "project/tasks-1/t.mjs"), search)).toBe(6);
  });

  it("reports which file is missing", async () => {
    await expect(loadExport("./none.mjs#X", search)).rejects.toMatchObject({
      code: "MODULE_NOT_FOUND",
      message: `module ./none.mjs: there is no file ${join(search.configDir, "none.mjs")}`,
    });
  });

  it("names the exports that are there where the wanted one is not", async () => {
    write({ "project/configs/t.mjs": "export const Task = 1, Agent = 2;", "project/configs/e.mjs": "" });
    await expect(loadExport("./t.mjs#Tusk", search)).rejects.toMatchObject({
      code: "MODULE_INVALID",
      message: "module ./t.mjs does not export Tusk: it exports Agent, Task",
    });
    await expect(loadExport("./t.mjs", search)).rejects.toThrow(
      /has no default export; append # and the name of an export: it exports Agent, Task/,
    );
    await expect(loadExport("./e.mjs#toString", search)).rejects.toThrow(
      /does not export toString: it exports nothing/,
    );
  });

  it("names the file of a module that throws, and keeps the cause", async () => {
    write({ "project/configs/t.mjs": 'throw new Error("boom");' });
    const error = (await loadExport("./t.mjs#X", search).catch((thrown) => thrown)) as Error;
    expect(error).toMatchObject({ code: "MODULE_INVALID", cause: { message: "boom" } });
    expect(error.message).toContain(join(search.configDir, "t.mjs"));
  });
});

describe("references", () => {
  it.each([
    ["pack#X", "pack", "X"],
    ["pack", "pack", "default"],
    ["@s/p/sub#X", "@s/p/sub", "X"],
    ["/a#b/c.mjs", "/a#b/c.mjs", "default"],
    ["src.client.TaskClient", "@eval/assigner", "TaskClient"],
  ])("takes %s apart", (reference, module, exportName) => {
    expect(parseModuleReference(reference)).toMatchObject({ module, exportName });
  });

  it.each(["", "#X", "pack#", "  ", "https://host/x.mjs#X", "data:text/javascript,1", "node:fs#readFile"])(
    "refuses %j",
    (reference) => {
      expect(() => parseModuleReference(reference)).toThrow(/is not a module reference/);
    },
  );
});

describe("build", () => {
  const context = { parameters: { n: 1 }, configDir: "/c" };

  it("constructs a class, calls a function, and takes an object as it is", async () => {
    class Task {
      constructor(readonly given: unknown) {}
    }
    const object = {};
    expect(await build(Task, context)).toMatchObject({ given: context });
    expect(await build(async (given: unknown) => ({ given }), context)).toEqual({ given: context });
    expect(await build(object, context)).toBe(object);
  });

  it.each([undefined, null, 5, "Task"])("refuses %j", async (exported) => {
    await expect(build(exported, context)).rejects.toMatchObject({ code: "MODULE_INVALID" });
  });

  it("reports what could not be created, and why", async () => {
    class Task {
      constructor() {
        throw new Error("no data");
      }
    }
    await expect(build(Task, context)).rejects.toMatchObject({
      code: "MODULE_INVALID",
      message: "Task could not be created",
      cause: { message: "no data" },
    });
  });
});

describe("requireMethods", () => {
  interface Shape {
    getIndices(): unknown;
    startSample(): unknown;
  }

  it("returns a value that has the methods, even if they are inherited", () => {
    class Base {
      getIndices() {}
      startSample() {}
    }
    const value = new (class extends Base {})();
    expect(requireMethods<Shape>(value, ["getIndices", "startSample"], "task x")).toBe(value);
  });

  it("names all that is missing", () => {
    const check = () => requireMethods<Shape>({ getIndices: 1 }, ["getIndices", "startSample"], "task x (./x.mjs#X)");
    expect(check).toThrow("task x (./x.mjs#X): missing getIndices(), startSample()");
    expect(() => requireMethods<Shape>(null, [], "task x")).toThrow("task x: expected an object, received null");
  });
});
