import { readFileSync } from "node:fs";

/** What a source file imports: statically (with `export ... from`), and by `import()` or `require()`. */
export interface Imports {
  static: string[];
  dynamic: string[];
}

const staticPattern = /^\s*(?:import|export)\s+(?:[\w$*{},\s]+?\s+from\s+)?["']([^"'\n]+)["']/gm;
const dynamicPattern = /\b(?:import|require|require\.resolve)\(\s*["'`]([^"'`\n]+)["'`]/g;

/** Reads TypeScript or JavaScript with patterns: good for code as our formatter leaves it. */
export function importsOf(file: string): Imports {
  const code = withoutComments(readFileSync(file, "utf8"));
  const specifiers = (pattern: RegExp) => [...code.matchAll(pattern)].map(([, specifier]) => specifier as string);
  return { static: specifiers(staticPattern), dynamic: specifiers(dynamicPattern) };
}

function withoutComments(code: string): string {
  return code.replace(/^\s*\/\*[\s\S]*?\*\//gm, "").replace(/^\s*\/\/.*$/gm, "");
}

/** `@scope/name` or `name` of a package's specifier. */
export function packageOf(specifier: string): string {
  return specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
}
