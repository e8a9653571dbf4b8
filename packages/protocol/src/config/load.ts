import { readFile, realpath } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { CodedError } from "../error.js";
import { FileLoader } from "./file-loader.js";
import type { Mapping } from "./mapping.js";
import { ConfigProblems, displayPath } from "./problems.js";

export interface LoadConfigOptions {
  /** Where relative file names start. Default: the process's working directory. */
  cwd?: string | undefined;
  /** Shown if the file does not exist, so that the user can start from it. */
  minimalExample?: string | undefined;
}

export interface LoadedConfig {
  /** Absolute. */
  file: string;
  /** Absolute folder of `file`. */
  dir: string;
  /** `file` as messages show it: relative to the working directory if the file is inside it. */
  source: string;
  /** `import`, `default` and `overwrite` are applied; `${env:NAME}` references are unchanged. */
  value: Mapping;
  /** Warnings: content that is accepted as in v0.2 but is probably unintended, each with its file and position. */
  warnings: readonly string[];
}

/**
 * Loads a configuration file, YAML or JSON, with all that it imports. Throws CONFIG_NOT_FOUND, or one CONFIG_INVALID
 * that lists every problem with its file and key path.
 */
export async function loadConfig(file: string, options: LoadConfigOptions = {}): Promise<LoadedConfig> {
  const cwd = resolve(options.cwd ?? process.cwd());
  const absolute = resolve(cwd, file);
  const source = displayPath(absolute, cwd);
  const problems = new ConfigProblems(source);
  const warnings = new ConfigProblems();
  const loader = new FileLoader({
    ...{ problems, warnings, realpath, readFile: (path) => readFile(path, "utf8") },
    cwd: await realpath(cwd).catch(() => cwd),
  });
  if (!(await loader.exists(absolute))) throw notFound(source, options.minimalExample);
  const value = await loader.load(absolute);
  problems.throwIfAny();
  return { file: absolute, dir: dirname(absolute), source, value, warnings: warnings.lines };
}

function notFound(source: string, minimalExample: string | undefined): CodedError {
  const example = minimalExample === undefined ? "" : `\nA minimal configuration file:\n\n${indent(minimalExample)}`;
  return new CodedError("CONFIG_NOT_FOUND", `configuration file not found: ${source}${example}`);
}

function indent(text: string): string {
  return text
    .trimEnd()
    .split("\n")
    .map((line) => (line === "" ? line : `    ${line}`))
    .join("\n");
}
