import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { loadConfig } from "./load.js";

let folder: string;

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "config-")));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(files: Record<string, string>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
}

async function resolved(file: string, files: Record<string, string>): Promise<Record<string, unknown>> {
  write(files);
  return (await loadConfig(file, { cwd: folder })).value;
}

async function failureOf(file: string, files: Record<string, string>): Promise<string> {
  write(files);
  const error = await loadConfig(file, { cwd: folder }).catch((thrown) => thrown);
  expect(error).toMatchObject({ name: "CodedError", code: "CONFIG_INVALID" });
  return error.message;
}

describe("reading a file", () => {
  it("reports the path of the file", async () => {
    write({ "configs/a.yaml": "a: 1" });
    expect(await loadConfig("configs/a.yaml", { cwd: folder })).toEqual({
      file: join(folder, "configs/a.yaml"),
      dir: join(folder, "configs"),
      source: join("configs", "a.yaml"),
      value: { a: 1 },
      warnings: [],
    });
  });

  it("reads YAML with merge keys, and dates as texts", async () => {
    const yaml = "base: &base {x: 1, when: 2024-01-02}\nother: {<<: *base, y: 2}\n";
    expect(await resolved("a.yml", { "a.yml": yaml })).toEqual({
      base: { x: 1, when: "2024-01-02" },
      other: { x: 1, when: "2024-01-02", y: 2 },
    });
  });

  it("reads JSON, with a byte order mark too", async () => {
    expect(await resolved("a.json", { "a.json": '\uFEFF{"a": [1, null]}' })).toEqual({ a: [1, null] });
  });

  it("shows a minimal example if the file does not exist", async () => {
    const loading = loadConfig("configs/none.yaml", { cwd: folder, minimalExample: "start:\n  echo: 1\n" });
    await expect(loading).rejects.toMatchObject({
      code: "CONFIG_NOT_FOUND",
      message: `configuration file not found: ${join("configs", "none.yaml")}\nA minimal configuration file:\n\n    start:\n      echo: 1`,
    });
  });

  it.each([
    ["a.yaml", "", "a.yaml: the file is empty"],
    ["a.yaml", "# nothing\n---\n", "a.yaml: the file is empty"],
    ["a.json", " ", "a.json: the file is empty"],
    ["a.yaml", "- 1\n", "a.yaml: expected a mapping at the top of the file"],
    [
      "a.yaml",
      "a: {seed: 9007199254740993}",
      "a.yaml: a.seed: the integer 9007199254740993 is too large to be kept exactly; put it in quotes to make it a string",
    ],
    ["a.yaml", "a: [1\nb: 2\n", "a.yaml: line 2, column 1: not valid YAML: deficient indentation"],
    ["a.toml", "a = 1", "a.toml: expected a file name that ends in .yaml, .yml or .json"],
  ])("refuses %s with %j", async (name, text, message) => {
    expect(await failureOf(name, { [name]: text })).toBe(message);
  });

  it("names the line of a mistake in JSON", async () => {
    expect(await failureOf("a.json", { "a.json": '{\n  "a": 1,\n  b\n}' })).toMatch(
      /^a\.json: line 3, column 3: not valid JSON: /,
    );
  });

  it("cannot read a folder", async () => {
    mkdirSync(join(folder, "dir.yaml"));
    expect(await failureOf("dir.yaml", {})).toMatch(/^dir\.yaml: the file cannot be read: EISDIR/);
  });
});

describe("import", () => {
  it("puts the imported keys first and the own keys over them, at any level", async () => {
    const value = await resolved("main.yaml", {
      "main.yaml":
        "definition:\n  task:\n    import: tasks/all.yaml\n    echo: {parameters: {n: 2}, tags: [c]}\nz: 1\n",
      "tasks/all.yaml": "import: [one.yaml, two.json]\n",
      "tasks/one.yaml": "echo: {module: m, parameters: {n: 1, k: 1}, tags: [a]}\n",
      "tasks/two.json": '{"echo": {"tags": ["b"]}, "other": 1}',
    });
    expect(value).toEqual({
      definition: { task: { echo: { module: "m", parameters: { n: 2, k: 1 }, tags: ["a", "b", "c"] }, other: 1 } },
      z: 1,
    });
  });

  it("works inside lists", async () => {
    expect(await resolved("m.yaml", { "m.yaml": "l: [{import: i.yaml, b: 2}]", "i.yaml": "a: 1" })).toEqual({
      l: [{ a: 1, b: 2 }],
    });
  });

  it("resolves an imported file's default and overwrite there, every time it is imported", async () => {
    const value = await resolved("main.yaml", {
      "main.yaml": "one: {import: part.yaml, own: {q: 1}}\ntwo: {import: part.yaml, own: {q: 1}}\n",
      "part.yaml": "default: {d: 1}\noverwrite: {o: 1}\na: {}\n",
    });
    const expected = { a: { d: 1, o: 1 }, own: { q: 1 } };
    expect(value).toEqual({ one: expected, two: expected });
  });

  it("applies the importer's default and overwrite to the imported content", async () => {
    const value = await resolved("main.yaml", {
      "main.yaml": "import: part.yaml\ndefault: {d: 1, a: 0}\noverwrite: {module: client}\n",
      "part.yaml": "task: {a: 1, module: server}\n",
    });
    expect(value).toEqual({ task: { d: 1, a: 1, module: "client" } });
  });

  it("names the chain of a cycle, through links too", async () => {
    write({ "a.yaml": "x: {import: sub/b.yaml}", "sub/b.yaml": "import: [../link.yaml]" });
    symlinkSync(join(folder, "a.yaml"), join(folder, "link.yaml"));
    const b = join("sub", "b.yaml");
    expect(await failureOf("a.yaml", {})).toMatch(
      new RegExp(`^${b}: import\\[0\\]: files import each other: \\S*a.yaml -> \\S*b.yaml -> \\S*a.yaml$`),
    );
  });

  it("resolves paths from the real folder of a linked file, as v0.2 does", async () => {
    write({ "shared/configs/a.yaml": "import: [b.yaml, ../c.yaml]", "shared/configs/b.yaml": "b: 1" });
    write({ "shared/c.yaml": "c: 1", "c.yaml": "c: 2", "mine/m.yaml": "import: [a.yaml, link/../c.yaml]" });
    symlinkSync(join(folder, "shared/configs/a.yaml"), join(folder, "mine/a.yaml"));
    symlinkSync(join(folder, "shared/configs"), join(folder, "mine/link"));
    for (const file of ["mine/m.yaml", "mine/a.yaml"]) {
      expect((await loadConfig(file, { cwd: folder })).value, file).toEqual({ b: 1, c: 1 });
    }
  });

  it("warns of an imported file without a mapping, and of a key that stands twice", async () => {
    write({ "m.yaml": "p: {import: [a.yaml, empty.yaml]}", "a.yaml": "a: 1\na: 2\n", "empty.yaml": "# later\n" });
    const { value, warnings } = await loadConfig("m.yaml", { cwd: folder });
    expect(value).toEqual({ p: {} });
    expect(warnings).toEqual([
      "a.yaml: line 2, column 1: duplicate key in a mapping: the last one is used",
      "m.yaml: p.import[1]: empty.yaml contains no mapping: it adds nothing, and removes the content of the files listed before it",
    ]);
  });

  it("allows the same file on two branches", async () => {
    const files = { "m.yaml": "import: [a.yaml, b.yaml]", "a.yaml": "import: c.yaml", "b.yaml": "import: c.yaml" };
    expect(await resolved("m.yaml", { ...files, "c.yaml": "x: [1]" })).toEqual({ x: [1, 1] });
  });
});

describe("problems", () => {
  it("reports all of them at once, each with its file and key path", async () => {
    const message = await failureOf("m.yaml", {
      "m.yaml": "import: [gone.yaml, bad.yaml, 5]\na.b: {import: {x: 1}, constructor: 1}\n__proto__: {polluted: 1}\n",
      "bad.yaml": "x: [\n",
    });
    expect(message.split("\n").sort()).toEqual([
      "  bad.yaml: line 2, column 1: not valid YAML: deficient indentation",
      '  m.yaml: ["a.b"].constructor: this name cannot be used as a key',
      '  m.yaml: ["a.b"].import: expected a file path or a list of file paths',
      "  m.yaml: __proto__: this name cannot be used as a key",
      "  m.yaml: import[0]: file not found: gone.yaml",
      "  m.yaml: import[2]: expected a file path or a list of file paths",
      "6 problems in the configuration:",
    ]);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  it("rejects an alias bomb, and an alias that contains itself", async () => {
    const levels = Array.from(
      { length: 12 },
      (_, n) => `l${n + 1}: &l${n + 1} [${Array(9).fill(`*l${n}`).join(", ")}]`,
    );
    const bomb = ["l0: &l0 x", ...levels].join("\n");
    expect(await failureOf("a.yaml", { "a.yaml": bomb })).toMatch(/more than 1000000 values/);
    expect(await failureOf("b.yaml", { "b.yaml": "a: &a\n  b: *a\n" })).toMatch(/contains itself/);
    const nested = (levels: number) => `a: ${"[".repeat(levels)}${"]".repeat(levels)}`;
    expect(await failureOf("c.yaml", { "c.yaml": nested(250) })).toMatch(/more than 200 levels/);
    await resolved("d.yaml", { "d.yaml": nested(190) });
  });

  it("rejects an import bomb", async () => {
    const files = Object.fromEntries(
      Array.from({ length: 40 }, (_, n) => [`f${n}.yaml`, `import: [f${n + 1}.yaml, f${n + 1}.yaml]`]),
    );
    expect(await failureOf("f0.yaml", { ...files, "f40.yaml": "x: [1]" })).toMatch(/more than 1000000 values/);
  });
});

describe("provenance", () => {
  it("makes relative module paths absolute", async () => {
    const value = await resolved("configs/m.yaml", {
      "configs/m.yaml": "import: tasks/t.yaml\nmine: {module: ../x.mjs, other: ./x.mjs}",
      "configs/tasks/t.yaml": "default: {module: ./t.mjs#Task}\nt: {}\nu: {module: '@eval/tasks#DBBench'}",
    });
    expect(value).toEqual({
      t: { module: `${join(folder, "configs/tasks/t.mjs")}#Task` },
      u: { module: "@eval/tasks#DBBench" },
      mine: { module: join(folder, "x.mjs"), other: "./x.mjs" },
    });
  });

  it("makes a data file path absolute if the file is next to the configuration but not in the working directory", async () => {
    const value = await resolved("configs/m.yaml", {
      "configs/m.yaml": "a: {data_file: ./a.jsonl}\nb: {data_file: ./b.jsonl}\nc: {data_file: ./c.jsonl}",
      "a.jsonl": "",
      "configs/a.jsonl": "",
      "configs/b.jsonl": "",
    });
    expect(value).toEqual({
      a: { data_file: "./a.jsonl" },
      b: { data_file: join(folder, "configs/b.jsonl") },
      c: { data_file: "./c.jsonl" },
    });
  });
});

it("shares nothing between the parts of its result", async () => {
  const value = await resolved("a.yaml", { "a.yaml": "x: {default: {p: {n: 1}}, one: {}, two: {}}" });
  const { one, two } = value.x as Record<string, { p: { n: number } }>;
  expect(one?.p).toEqual(two?.p);
  expect(one?.p).not.toBe(two?.p);
});
