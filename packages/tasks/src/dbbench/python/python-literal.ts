import { escapedCharacter, escapePattern } from "./python-escape.js";

/** A Python literal: lists are arrays, tuples are marked; every number is a float, None is null. */
export type PythonLiteral = string | number | boolean | null | PythonLiteral[] | PythonTuple;

export interface PythonTuple {
  tuple: PythonLiteral[];
}

/** Reads a text as one Python literal; undefined if it is none, or one of a kind that answers do not use. */
export function readPythonLiteral(text: string): PythonLiteral | undefined {
  const reader = new LiteralReader(text);
  try {
    return reader.whole();
  } catch (error) {
    if (error instanceof NotALiteral) return undefined;
    throw error;
  }
}

class NotALiteral extends Error {}

/** Deeper nesting is refused, as Python's own parser refuses it. */
const deepest = 100;

const numberPattern = /[+-]?\s*(?:0[xX][0-9a-fA-F]+|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d+)?)/y;
const namePattern = /[A-Za-z_]\w*/y;
const stringStartPattern = /([rRuU]?)('''|"""|'|")/y;

const names = new Map<string, PythonLiteral>([
  ["None", null],
  ["True", true],
  ["False", false],
]);

class LiteralReader {
  #position = 0;
  #depth = 0;

  constructor(private readonly text: string) {}

  whole(): PythonLiteral {
    const value = this.#value();
    this.#skipSpace();
    if (this.#position < this.text.length) throw new NotALiteral();
    return value;
  }

  #value(): PythonLiteral {
    this.#skipSpace();
    const next = this.text[this.#position];
    if (next === "[") return this.#items("]").items;
    if (next === "(") return this.#parenthesised();
    return this.#strings() ?? this.#number() ?? this.#name();
  }

  /** `(1)` is 1, `(1,)` a tuple. */
  #parenthesised(): PythonLiteral {
    const { items, commas } = this.#items(")");
    const [only] = items;
    return items.length === 1 && commas === 0 && only !== undefined ? only : { tuple: items };
  }

  #items(end: string): { items: PythonLiteral[]; commas: number } {
    this.#depth += 1;
    if (this.#depth > deepest) throw new NotALiteral();
    this.#position += 1;
    const items: PythonLiteral[] = [];
    let commas = 0;
    while (!this.#take(end)) {
      if (items.length > commas) throw new NotALiteral();
      items.push(this.#value());
      if (this.#take(",")) commas += 1;
    }
    this.#depth -= 1;
    return { items, commas };
  }

  /** Texts that stand side by side are one. */
  #strings(): string | undefined {
    let joined: string | undefined;
    for (let start = this.#match(stringStartPattern); start; start = this.#match(stringStartPattern)) {
      const [, prefix = "", quote = ""] = start;
      joined = (joined ?? "") + this.#rest(quote, prefix.toLowerCase() === "r");
      this.#skipSpace();
    }
    return joined;
  }

  /** The rest of a text up to its closing quotes. */
  #rest(quote: string, raw: boolean): string {
    let value = "";
    while (!this.text.startsWith(quote, this.#position)) {
      const character = this.text[this.#position];
      if (character === undefined || (character === "\n" && quote.length === 1)) throw new NotALiteral();
      if (character === "\\") value += this.#escape(raw);
      else {
        value += character;
        this.#position += 1;
      }
    }
    this.#position += quote.length;
    return value;
  }

  #escape(raw: boolean): string {
    const written = this.#match(escapePattern)?.[0];
    const character = written === undefined || raw ? written : escapedCharacter(written);
    if (character === undefined) throw new NotALiteral();
    return character;
  }

  #number(): number | undefined {
    const match = this.#match(numberPattern);
    if (!match) return undefined;
    const text = match[0].replace(/[\s_]/g, "");
    const value = Number(text.replace(/^[+-]/, ""));
    if (Number.isNaN(value)) throw new NotALiteral();
    return text.startsWith("-") ? -value : value;
  }

  #name(): PythonLiteral {
    const value = names.get(this.#match(namePattern)?.[0] ?? "");
    if (value === undefined) throw new NotALiteral();
    return value;
  }

  #match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#position;
    const match = pattern.exec(this.text);
    if (match) this.#position += match[0].length;
    return match;
  }

  #take(character: string): boolean {
    this.#skipSpace();
    if (this.text[this.#position] !== character) return false;
    this.#position += 1;
    return true;
  }

  #skipSpace(): void {
    this.#match(/\s*/y);
  }
}
