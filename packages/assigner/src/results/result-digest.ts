import { createHash } from "node:crypto";

/**
 * SHA-256 over the accepted lines of one journal, in file order, each with a newline. Two readings of a journal give the
 * same digest if and only if they give the same results.
 */
export class ResultDigest {
  readonly #hash = createHash("sha256");

  add(line: string): void {
    this.#hash.update(line).update("\n");
  }

  /** In hex. Nothing can be added afterward. */
  finish(): string {
    return this.#hash.digest("hex");
  }
}
