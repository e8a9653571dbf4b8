import type { DBBenchSample } from "./data-set.js";
import type { Dialect } from "./database.js";

const dialectNotes: Record<Dialect, string> = {
  mysql: "The server speaks the MySQL dialect.",
  sqlite: "The engine is SQLite; names in backticks and MySQL's backslash escapes in strings are understood.",
};

/** The question of a sample as it appears in the prompt. An agent can recognize a sample by it. */
export function questionOf(sample: DBBenchSample): string {
  return sample.add_description === "" ? sample.description : `${sample.description}\n${sample.add_description}`;
}

/** The first message of a conversation: the rules, then the question. */
export function promptOf(sample: DBBenchSample, dialect: Dialect, maxRounds: number): string {
  return `You are working with a database that holds a single table. Solve the task at the end by running SQL statements; I run each one for you and show you what comes back. ${dialectNotes[dialect]} Every column is stored as text, so convert values where you need them as numbers, and put names with spaces or signs in backticks.

Each of your replies is a short thought followed by exactly one action, in one of two forms.

To run a statement, reply in this form, with one statement in the block:

Action: Operation
\`\`\`sql
SELECT COUNT(*) FROM \`some table\`
\`\`\`

Rows come back as a list of tuples, and an empty list stands for no rows; long output is cut off. You can run at most ${maxRounds} statement(s).

When you are done, reply in this form, with a list of texts on a single line, one for each value you found:

Action: Answer
Final Answer: ["first value", "second value"]

A question is answered by exactly the values it asks for, without units or comments. Where the task is to add, change or delete data, run the statement that does it first and then give any answer, such as ["done"].

The task:

${questionOf(sample)}`;
}
