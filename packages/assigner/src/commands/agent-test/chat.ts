import { createInterface, type Interface } from "node:readline";
import type { Readable } from "node:stream";
import { type SpeakEnd, type SpeakOptions, speak } from "./speak.js";

export interface ChatOptions extends SpeakOptions {
  input: Readable & { isTTY?: boolean };
}

const hint = "Each line is a message. /reset clears the conversation, /history shows it, /exit or Ctrl-D ends it.\n";

/**
 * Talks to an agent, one message per line, until the input ends. On a terminal, it shows prompts and continues after a
 * failure. Piped input stops at the first failure, because later messages depend on the answer.
 */
export async function chat(options: ChatOptions): Promise<SpeakEnd> {
  const { input, notes, interrupt } = options;
  const terminal = input.isTTY === true && notes.isTTY === true;
  const { signal } = interrupt;
  const lines = createInterface({ input, signal, terminal, ...(terminal && { output: notes, prompt: "you> " }) });
  // A terminal in raw mode sends no signal on Ctrl-C.
  lines.on("SIGINT", () => interrupt.abort());
  if (terminal) notes.write(hint);
  try {
    return await answerLines(lines, terminal, options);
  } finally {
    lines.close();
    // Without this, a pipe whose other end is still open would keep the process alive.
    input.destroy();
  }
}

async function answerLines(lines: Interface, terminal: boolean, options: ChatOptions): Promise<SpeakEnd> {
  const { signal } = options.interrupt;
  let end: SpeakEnd = "answered";
  if (terminal) lines.prompt();
  for await (const line of lines) {
    if (signal.aborted || line.trim() === "/exit") break;
    const said = isHandled(line.trim(), options) ? undefined : await speak(line, options, terminal ? "agent> " : "");
    end = said ?? end;
    if (end === "interrupted" || (end === "failed" && !terminal)) break;
    if (terminal) lines.prompt();
  }
  return signal.aborted ? "interrupted" : end;
}

/** Whether the line was a chat command and not a message. */
function isHandled(line: string, { conversation, output, redact }: ChatOptions): boolean {
  if (line === "/reset") conversation.reset();
  else if (line === "/history") {
    for (const message of conversation.history) output.write(`${redact(JSON.stringify(message))}\n`);
  } else return line === "";
  return true;
}
