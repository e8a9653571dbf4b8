import { dirname, isAbsolute, join, sep } from "node:path";
import { messageOf } from "../error.js";
import type { KeyPath } from "./key-path.js";
import { isMapping, type Mapping } from "./mapping.js";
import { applyDefaults, deepMerge, mergeMappings } from "./merge.js";
import { parseFile, SyntaxProblem } from "./parse-file.js";
import { type ConfigProblems, displayPath } from "./problems.js";
import { anchorReferences } from "./provenance.js";
import { TreeLimit, TreeLimitError } from "./tree-limit.js";

export interface FileLoaderDependencies {
  /** Absolute, links followed. */
  cwd: string;
  problems: ConfigProblems;
  /** Warnings: content that is accepted as in v0.2 but is probably unintended. */
  warnings: ConfigProblems;
  readFile(path: string): Promise<string>;
  realpath(path: string): Promise<string>;
}

/** Where the loader is: the file, and the files that import it, outermost first (all absolute, links followed). */
interface Place {
  file: string;
  chain: readonly string[];
}

/** Loads one configuration with its imports. Problems are collected, and loading continues to find further ones. */
export class FileLoader {
  readonly #dependencies: FileLoaderDependencies;
  readonly #loaded = new Map<string, unknown>();
  readonly #limit = new TreeLimit();

  constructor(dependencies: FileLoaderDependencies) {
    this.#dependencies = dependencies;
  }

  async exists(file: string): Promise<boolean> {
    return (await this.#real(file)) !== undefined;
  }

  /** The file with all keywords applied; an empty mapping if it is unusable. */
  async load(file: string): Promise<Mapping> {
    try {
      const real = (await this.#real(file)) ?? file;
      const value = await this.#load({ file: real, chain: [real] });
      if (isMapping(value)) return value;
      this.#report(real, "", value === null ? "the file is empty" : "expected a mapping at the top of the file");
    } catch (error) {
      if (!(error instanceof TreeLimitError)) throw error;
      this.#dependencies.problems.add([], error.message);
    }
    return {};
  }

  async #load(place: Place): Promise<unknown> {
    const known = this.#loaded.get(place.file);
    if (known !== undefined) return known;
    const anchored = anchorReferences(await this.#read(place.file), dirname(place.file), this.#dependencies.cwd);
    const expanded = await this.#expandImports(anchored, place, []);
    const applied = applyDefaults(expanded, (merged) => this.#limit.charge(merged));
    const copied = this.#limit.copy(applied, () => {});
    this.#loaded.set(place.file, copied);
    return copied;
  }

  async #read(file: string): Promise<unknown> {
    const { readFile, warnings } = this.#dependencies;
    try {
      const parsed = parseFile(file, await readFile(file), (at, message) =>
        warnings.add(at, message, this.#show(file)),
      );
      return this.#limit.copy(parsed, (path, message) => this.#report(file, path, message));
    } catch (error) {
      if (error instanceof TreeLimitError) throw error;
      if (error instanceof SyntaxProblem) this.#report(file, error.place, error.message);
      else this.#report(file, "", `the file cannot be read: ${messageOf(error)}`);
      return {};
    }
  }

  /** Carries out `import` at every level: the imported keys first, the mapping's own over them. */
  async #expandImports(value: unknown, place: Place, path: KeyPath): Promise<unknown> {
    if (Array.isArray(value)) {
      const items: unknown[] = [];
      for (const [position, item] of value.entries()) {
        items.push(await this.#expandImports(item, place, [...path, position]));
      }
      return items;
    }
    if (!isMapping(value)) return value;
    let imported: Mapping = {};
    const own: [string, unknown][] = [];
    for (const [key, item] of Object.entries(value)) {
      if (key === "import") imported = await this.#importAll(item, place, [...path, key]);
      else own.push([key, await this.#expandImports(item, place, [...path, key])]);
    }
    return mergeMappings(imported, Object.fromEntries(own));
  }

  /**
   * The files merged in their order. A file without a mapping replaces the files before it. A later mapping replaces it in
   * turn, at the latest the importing one. These are v0.2's results, with an additional warning.
   */
  async #importAll(references: unknown, place: Place, path: KeyPath): Promise<Mapping> {
    let merged: unknown = {};
    const list = Array.isArray(references) ? references : [references];
    for (const [position, reference] of list.entries()) {
      const where = Array.isArray(references) ? [...path, position] : path;
      if (typeof reference === "string" && reference !== "") {
        merged = deepMerge(merged, await this.#import(reference, place, where));
        this.#limit.charge(merged);
      } else this.#report(place.file, where, "expected a file path or a list of file paths");
    }
    return isMapping(merged) ? merged : {};
  }

  async #import(reference: string, place: Place, path: KeyPath): Promise<unknown> {
    // Not `resolve`, which would remove `link/..`: the meaning of `..` is known only after links are followed.
    const file = isAbsolute(reference) ? reference : dirname(place.file) + sep + reference;
    const real = await this.#real(file);
    if (real === undefined) {
      this.#report(place.file, path, `file not found: ${this.#show(join(file))}`);
      return {};
    }
    if (place.chain.includes(real)) {
      const chain = [...place.chain.slice(place.chain.indexOf(real)), real];
      this.#report(place.file, path, `files import each other: ${chain.map((link) => this.#show(link)).join(" -> ")}`);
      return {};
    }
    const value = await this.#load({ file: real, chain: [...place.chain, real] });
    if (!isMapping(value)) this.#warnOfNoMapping(place.file, path, real);
    return value;
  }

  #warnOfNoMapping(file: string, path: KeyPath, imported: string): void {
    const what = `${this.#show(imported)} contains no mapping: it adds nothing, and removes the content of the files listed before it`;
    this.#dependencies.warnings.add(path, what, this.#show(file));
  }

  /** The real path of the file, after links are resolved. It detects cycles, and the file's imports are relative to its folder. */
  async #real(file: string): Promise<string | undefined> {
    return this.#dependencies.realpath(file).catch(() => undefined);
  }

  #report(file: string, path: KeyPath | string, message: string): void {
    this.#dependencies.problems.add(path, message, this.#show(file));
  }

  #show(file: string): string {
    return displayPath(file, this.#dependencies.cwd);
  }
}
