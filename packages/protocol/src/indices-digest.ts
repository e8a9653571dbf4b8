import { createHash } from "node:crypto";
import type { SampleIndex } from "./sample.js";

/** What a list of indices is known by: the SHA-256 of its JSON, in hex. The order counts, and `5` is not `"5"`. */
export function digestOfIndices(indices: readonly SampleIndex[]): string {
  return createHash("sha256").update(JSON.stringify(indices)).digest("hex");
}
