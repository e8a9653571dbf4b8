import { createHash } from "node:crypto";

/**
 * SHA-256 over the accepted lines of one journal, in the order of the file, each with a newline. Two readings of a
 * journal give the same digest exactly when they give the same results.
 */
export class ResultDigest {
  readonly #hash = createHash("sha256");

  add(line: string): void {
    this.#hash.update(line).update("\n");
  }

  /** In hex. Nothing can be added afterwards. */
  finish(): string {
    return this.#hash.digest("hex");
  }
}
