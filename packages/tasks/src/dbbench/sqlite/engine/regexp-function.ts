import type { SqliteLibrary } from "./sqlite-library.js";

/** `text REGEXP pattern`, which SQLite leaves to its host: true if the pattern is found, letter case matters. */
export class RegexpFunction {
  #pattern = "";
  #compiled = /(?:)/u;

  constructor(private readonly library: SqliteLibrary) {}

  call(context: number, values: number): void {
    const pattern = this.#text(this.library.pointer(values));
    const text = this.#text(this.library.pointer(values + 4));
    // Without a result it is NULL.
    if (pattern === undefined || text === undefined) return;
    try {
      this.library.functions.sqlite3_result_int(context, Number(this.#matcher(pattern).test(text)));
    } catch (error) {
      // Anything else has interrupted the engine in the middle of its work: it cannot be used any more.
      if (!(error instanceof SyntaxError)) throw new Error("REGEXP failed", { cause: error });
      this.library.withText(error.message, (at, bytes) => {
        this.library.functions.sqlite3_result_error(context, at, bytes);
      });
    }
  }

  #matcher(pattern: string): RegExp {
    if (pattern !== this.#pattern) {
      this.#compiled = new RegExp(pattern, "u");
      this.#pattern = pattern;
    }
    return this.#compiled;
  }

  #text(value: number): string | undefined {
    const at = this.library.functions.sqlite3_value_text(value);
    return at === 0 ? undefined : this.library.text(at, this.library.functions.sqlite3_value_bytes(value));
  }
}
