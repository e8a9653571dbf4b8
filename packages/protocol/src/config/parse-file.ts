import { extname } from "node:path";
import { load, YAMLException } from "js-yaml";
import { maxDepth } from "./tree-limit.js";
import { yamlSchema } from "./yaml-schema.js";

/** Higher than the loader's limit, so that the loader rejects the file with its own message. */
const yamlOptions = { schema: yamlSchema, maxDepth: 10 * maxDepth };

/** A problem in a file's text; `place` is `line N, column N` (from 1) if it is known. */
export class SyntaxProblem extends Error {
  constructor(
    readonly place: string,
    message: string,
  ) {
    super(message);
  }
}

/**
 * Reads YAML or JSON, by the file's extension. An integer that a number cannot hold exactly comes as a BigInt; a file
 * without a value (only comments) is null. `warn` is called for content that is accepted but probably unintended.
 * Throws {@link SyntaxProblem}.
 */
export function parseFile(file: string, text: string, warn: (place: string, message: string) => void = () => {}) {
  const extension = extname(file).toLowerCase();
  const source = text.replace(/^\uFEFF/, "");
  if (extension === ".json") return parseJson(source);
  if (extension === ".yaml" || extension === ".yml") return parseYaml(source, warn);
  throw new SyntaxProblem("", `expected a file name that ends in .yaml, .yml or .json`);
}

function parseJson(source: string): unknown {
  if (source.trim() === "") throw new SyntaxProblem("", "the file is empty");
  try {
    return JSON.parse(source, (_key, value: unknown) => (isRounded(value) ? BigInt(value) : value));
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const position = /at position (\d+)/.exec(message)?.[1];
    const place = position === undefined ? "" : placeOf(source, Number(position));
    throw new SyntaxProblem(place, `not valid JSON: ${message.replace(/ \(line \d+ column \d+\)$/, "")}`);
  }
}

/** An integer whose last digits may be lost; from 1e21 on it was most likely written with an exponent. */
function isRounded(value: unknown): value is number {
  return Number.isInteger(value) && !Number.isSafeInteger(value) && Math.abs(value as number) < 1e21;
}

function placeOf(source: string, position: number): string {
  const before = source.slice(0, position).split("\n");
  return `line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`;
}

function parseYaml(source: string, warn: (place: string, message: string) => void): unknown {
  if (isBlank(source)) return null;
  try {
    return load(source, yamlOptions);
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    if (error.reason !== "duplicated mapping key") throw syntaxProblem(error);
    // v0.2's reader lets the last one win, without a word.
    warn(placeOfMark(error), "duplicate key in a mapping: the last one is used");
    return parseYamlWithDuplicates(source);
  }
}

function parseYamlWithDuplicates(source: string): unknown {
  try {
    return load(source, { ...yamlOptions, json: true });
  } catch (error) {
    throw error instanceof YAMLException ? syntaxProblem(error) : error;
  }
}

function syntaxProblem(error: YAMLException): SyntaxProblem {
  return new SyntaxProblem(placeOfMark(error), `not valid YAML: ${error.reason}`);
}

function placeOfMark({ mark }: YAMLException): string {
  return mark === undefined ? "" : `line ${mark.line + 1}, column ${mark.column + 1}`;
}

/** Nothing but comments and document markers. */
function isBlank(source: string): boolean {
  return source.split("\n").every((line) => /^\s*((---|\.\.\.)\s*)?(#.*)?$/.test(line));
}
