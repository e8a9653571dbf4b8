import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { importsOf } from "./imports.js";

/** Files of a package's `src` and those of them that each one imports, by their paths below `src`. */
export type ImportGraph = ReadonlyMap<string, readonly string[]>;

/** `src/layers.json`: the folders that each folder may import. `.` stands for the files beside them. */
export type Layers = Readonly<Record<string, readonly string[]>>;

/** Without tests and what only they use. */
export function importGraph(sources: string): ImportGraph {
  const files = readdirSync(sources, { recursive: true, encoding: "utf8" }).filter(isProduct);
  const importedBy = (file: string) => {
    const found = importsOf(join(sources, file));
    const own = [...found.static, ...found.dynamic].filter((specifier) => specifier.startsWith("."));
    return own.map((specifier) => normalize(join(dirname(file), specifier)).replace(/\.js$/, ".ts"));
  };
  return new Map(files.map((file) => [file, importedBy(file)]));
}

export function readLayers(sources: string): Layers {
  return JSON.parse(readFileSync(join(sources, "layers.json"), "utf8")) as Layers;
}

/** Imports between folders that the layers do not allow, as `file -> file`. Files beside the folders may import all. */
export function forbiddenImports(graph: ImportGraph, layers: Layers): string[] {
  return [...graph].flatMap(([file, imported]) => {
    const from = folderOf(file);
    const allowed = layers[from] ?? [];
    const isForbidden = (other: string) => ![".", folderOf(other)].includes(from) && !allowed.includes(folderOf(other));
    return imported.filter(isForbidden).map((other) => `${file} -> ${other}`);
  });
}

/** Folders without a layer. */
export function unlistedFolders(graph: ImportGraph, layers: Layers): string[] {
  const folders = new Set([...graph.keys()].map(folderOf));
  return [...folders].filter((folder) => folder !== "." && layers[folder] === undefined);
}

/** One cycle of files that import each other, the first file again at its end; undefined: there is none. */
export function findCycle(graph: ImportGraph): string[] | undefined {
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): string[] | undefined => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (done.has(file)) return undefined;
    for (const imported of graph.get(file) ?? []) {
      const cycle = visit(imported, [...path, file]);
      if (cycle !== undefined) return cycle;
    }
    done.add(file);
    return undefined;
  };
  for (const file of graph.keys()) {
    const cycle = visit(file, []);
    if (cycle !== undefined) return cycle;
  }
  return undefined;
}

function folderOf(file: string): string {
  const [folder = "", ...rest] = file.split("/");
  return rest.length === 0 ? "." : folder;
}

function isProduct(file: string): boolean {
  return file.endsWith(".ts") && !/\.test\.ts$|\.d\.ts$|(^|\/)testing\//.test(file);
}
