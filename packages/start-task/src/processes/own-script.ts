import { join } from "node:path";

/** A built script of this package, also where this module runs from its source (in tests). */
export function ownScript(name: string): string {
  return join(import.meta.dirname, "..", "..", "dist", "processes", name);
}
