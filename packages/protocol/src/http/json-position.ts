/** A bracket, a comma or a colon as itself; `"` for a string, `0` for a number, true, false or null. */
type Token = "{" | "}" | "[" | "]" | "," | ":" | '"' | "0";

/** What may come here. `key?` and `value?` stand right after an opening bracket, where it may close again. */
type State = "value" | "value?" | "key" | "key?" | "colon" | "end" | "end of {" | "end of [";

const value = { "{": "key?", "[": "value?", '"': "end", "0": "end" } as const;

/** The state after each token that is allowed in a state; `end` and `close` lead back to the container around. */
const grammar: Record<State, Partial<Record<Token, State | "close">>> = {
  value,
  "value?": { ...value, "]": "close" },
  key: { '"': "colon" },
  "key?": { '"': "colon", "}": "close" },
  colon: { ":": "value" },
  end: {},
  "end of {": { ",": "key", "}": "close" },
  "end of [": { ",": "value", "]": "close" },
};

const space = /[ \t\n\r]*/y;
const token =
  /[{}[\],:]|"[ !#-[\]-\uffff]*(?:\\(?:["\\/bfnrt]|u[\da-fA-F]{4})[ !#-[\]-\uffff]*)*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;

/** A string as far as it is well formed. */
const stringStart = /"[ !#-[\]-\uffff]*(?:\\(?:["\\/bfnrt]|u[\da-fA-F]{4})[ !#-[\]-\uffff]*)*/y;

/** A longer text is not searched: whoever sent it waits for an answer, and so do all others. */
const maxSearched = 100_000;

/**
 * Where a text stops being JSON, in characters (code points) from 0: the start of what should not be there, as v0.2's parser
 * (Python's) counts it. The runtime's own parser tells the position of some errors only.
 * Always 0 for a text of more than 100,000 characters.
 */
export function jsonErrorPosition(text: string): number {
  return text.length > maxSearched ? 0 : [...text.slice(0, findError(text))].length;
}

function findError(text: string): number {
  const open: ("{" | "[")[] = [];
  let state: State = "value";
  for (let at = 0; ; ) {
    const start = endOf(space, text, at);
    at = endOf(token, text, start);
    const kind = at === start ? undefined : kindOf(text[start] as string);
    const next: State | "close" | undefined = kind && grammar[state][kind];
    if (next === undefined) return '"' in grammar[state] && at === start ? endOfBroken(text, start) : start;
    if (kind === "{" || kind === "[") open.push(kind);
    if (next === "close") open.pop();
    const container = open.at(-1);
    if (next !== "end" && next !== "close") state = next;
    else state = container === undefined ? "end" : `end of ${container}`;
  }
}

function kindOf(first: string): Token {
  return '{}[],:"'.includes(first) ? (first as Token) : "0";
}

/** A string that is never closed is wrong from its start; in any other the wrong character counts. */
function endOfBroken(text: string, start: number): number {
  const end = endOf(stringStart, text, start);
  const isOpen = end === text.length || text.slice(end) === "\\";
  return isOpen ? start : end;
}

/** The position after the match of a sticky pattern; the same position if it does not match. */
function endOf(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : at;
}
