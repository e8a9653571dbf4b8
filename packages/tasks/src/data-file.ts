import { readFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { CodedError } from "@eval/protocol";

/** The folder of this package, which holds `data/`: the same one from `src/` and from `dist/`. */
const packageDir = fileURLToPath(new URL("..", import.meta.url));

export interface DataFile {
  path: string;
  bytes: Buffer;
}

/** Reads a data file; a relative one from the working directory, else from `configDir`, else from this package. */
export async function readDataFile(file: string, configDir: string, workingDir = process.cwd()): Promise<DataFile> {
  const places = [...new Set([workingDir, configDir, packageDir].map((dir) => path.resolve(dir, file)))];
  for (const place of places) {
    const bytes = await readFile(place).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT" || error.code === "ENOTDIR") return undefined;
      throw new CodedError("CONFIG_INVALID", `The data file ${place} cannot be read`, { cause: error });
    });
    if (bytes) return { path: place, bytes };
  }
  const list = places.map((place) => `  ${place}`).join("\n");
  throw new CodedError("CONFIG_NOT_FOUND", `The data file "${file}" was not found. Searched:\n${list}`);
}
