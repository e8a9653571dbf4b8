import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { isMapping } from "./mapping.js";

/**
 * Makes references absolute that are relative to the file where they stand, before merging carries them elsewhere:
 * `module: ./x.mjs#Export` (and a `runner` that is one) always; `data_file: ./x.jsonl` where the file exists beside the configuration and not from
 * the working directory (v0.2 looks there).
 */
export function anchorReferences(value: unknown, dir: string, cwd: string): unknown {
  if (Array.isArray(value)) return value.map((item) => anchorReferences(item, dir, cwd));
  if (!isMapping(value)) return value;
  const entries = Object.entries(value).map(([key, item]) => {
    if (typeof item !== "string" || !/^\.\.?[/\\]/.test(item)) return [key, anchorReferences(item, dir, cwd)];
    if (key === "module" || key === "runner") return [key, resolve(dir, item)];
    if (key === "data_file") return [key, anchorDataFile(item, dir, cwd)];
    return [key, item];
  });
  return Object.fromEntries(entries);
}

function anchorDataFile(reference: string, dir: string, cwd: string): string {
  if (existsSync(resolve(cwd, reference))) return reference;
  const beside = resolve(dir, reference);
  return existsSync(beside) ? beside : reference;
}
