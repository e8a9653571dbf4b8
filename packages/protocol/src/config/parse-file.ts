import { extname } from "node:path";
import { CORE_SCHEMA, load, mergeTag, YAMLException } from "js-yaml";

/** YAML 1.2's core types (a date stays a text) with the merge key `<<`. */
const yamlSchema = CORE_SCHEMA.withTags(mergeTag);

/** What is wrong with a file's text; `place` is `line N, column N` (from 1) where it is known. */
export class SyntaxProblem extends Error {
  constructor(
    readonly place: string,
    message: string,
  ) {
    super(message);
  }
}

/** Reads YAML or JSON, by the file's extension. Throws {@link SyntaxProblem}. */
export function parseFile(file: string, text: string): unknown {
  const extension = extname(file).toLowerCase();
  const source = text.replace(/^\uFEFF/, "");
  if (extension === ".json") return parseJson(source);
  if (extension === ".yaml" || extension === ".yml") return parseYaml(source);
  throw new SyntaxProblem("", `expected a file that ends in .yaml, .yml or .json`);
}

function parseJson(source: string): unknown {
  if (source.trim() === "") throw new SyntaxProblem("", "the file is empty");
  try {
    return JSON.parse(source);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const position = /at position (\d+)/.exec(message)?.[1];
    const place = position === undefined ? "" : placeOf(source, Number(position));
    throw new SyntaxProblem(place, `not valid JSON: ${message.replace(/ \(line \d+ column \d+\)$/, "")}`);
  }
}

function placeOf(source: string, position: number): string {
  const before = source.slice(0, position).split("\n");
  return `line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`;
}

function parseYaml(source: string): unknown {
  if (isBlank(source)) throw new SyntaxProblem("", "the file is empty");
  try {
    return load(source, { schema: yamlSchema });
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    const place = error.mark === undefined ? "" : `line ${error.mark.line + 1}, column ${error.mark.column + 1}`;
    throw new SyntaxProblem(place, `not valid YAML: ${error.reason}`);
  }
}

/** Nothing but comments and document markers. */
function isBlank(source: string): boolean {
  return source.split("\n").every((line) => /^\s*((---|\.\.\.)\s*)?(#.*)?$/.test(line));
}
