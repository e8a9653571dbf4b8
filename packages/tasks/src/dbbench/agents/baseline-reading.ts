/** What the baseline agent understands of a prompt. */
export interface ReadTask {
  question: string;
  table: string;
  headers: string[];
  /** Texts in quotes, in order. */
  quoted: string[];
}

/** The sentence that names table and headers, in the words of v0.2's data and in those of the bundled data. */
const tablePatterns = [
  /^(?:.*\n)*?(.*)\nThe name of this table is (.+?), and the headers of this table are (.+?)\.?$/m,
  /^(?:.*\n)*?(.*)\nThe table is called "(.+?)" and has the headers (.+?)\.?$/m,
];

/** Finds the question and its table; undefined if the prompt does not name them in a known way. */
export function readTask(prompt: string): ReadTask | undefined {
  for (const pattern of tablePatterns) {
    const [, question, table, headers] = pattern.exec(prompt) ?? [];
    if (question === undefined || table === undefined || headers === undefined) continue;
    return { question, table, headers: headers.split(",").map((header) => header.trim()), quoted: quotedIn(question) };
  }
  return undefined;
}

/** Texts in single or double quotes; an apostrophe inside a word is none. */
function quotedIn(question: string): string[] {
  const matches = question.matchAll(/"([^"]+)"|(?<!\w)'((?:[^']|'(?=\w))+)'(?!\w)/g);
  return [...matches].map((match) => match[1] ?? match[2] ?? "");
}
