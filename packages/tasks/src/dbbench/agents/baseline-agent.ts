import type { Agent } from "@eval/protocol/agent";
import type { Message } from "@eval/protocol/task";
import { type PythonLiteral, readPythonLiteral } from "../python/python-literal.js";
import { pythonText } from "../python/python-text.js";
import { answerReply, operationReply } from "../replies.js";
import { guessStatement } from "./baseline-guess.js";
import { readTask } from "./baseline-reading.js";

/**
 * An agent without a model that tries something simple: it reads the table's name and headers out of the prompt,
 * guesses one statement from the words of the question, and answers with what came back. It keeps nothing between
 * turns and knows no solutions. It takes no parameters.
 */
export function DBBenchBaselineAgent(): Agent {
  return {
    async inference(history) {
      const isFirstTurn = !history.some((message) => message.role === "agent");
      const task = readTask(history.map((message) => message.content).join("\n"));
      if (isFirstTurn && task) return operationReply(guessStatement(task));
      return answerReply(`[${valuesShown(history.at(-1)).map(pythonText).join(", ")}]`);
    },
  };
}

/** The first column of the rows that the last message shows, as texts. */
function valuesShown(message: Message | undefined): string[] {
  // Python's decimals print with their type around them.
  const text = (message?.content ?? "").replace(/Decimal\('([^']*)'\)/g, "'$1'");
  const rows = readPythonLiteral(text);
  if (!Array.isArray(rows)) return [];
  return rows.flatMap((row) => firstOf(row) ?? []);
}

function firstOf(row: PythonLiteral): string | undefined {
  if (typeof row !== "object" || row === null || Array.isArray(row)) return undefined;
  const [first] = row.tuple;
  return first === undefined || first === null || typeof first === "object" ? undefined : String(first);
}
