import type { Conversation } from "./conversation.js";

export interface SpeakOptions {
  conversation: Conversation;
  /** Gets the answers, and the history when it is asked for. */
  output: NodeJS.WritableStream;
  /** Gets prompts, hints and failures. */
  notes: NodeJS.WritableStream & { isTTY?: boolean };
  describeFailure: (error: unknown) => string;
  redact: (text: string) => string;
  /** Ends the chat, and the answer that is waited for. */
  interrupt: AbortController;
}

/** How a message, or a chat, ended; `interrupted`: from outside. */
export type SpeakEnd = "answered" | "failed" | "interrupted";

/** Says one thing, and writes the answer or what went wrong. `label` stands before the answer, among the notes. */
export async function speak(message: string, options: SpeakOptions, label = ""): Promise<SpeakEnd> {
  const { conversation, output, notes, redact, interrupt, describeFailure } = options;
  try {
    const answer = await conversation.say(message, interrupt.signal);
    if (label !== "") notes.write(label);
    output.write(`${redact(answer)}\n`);
    return "answered";
  } catch (error) {
    if (interrupt.signal.aborted) return "interrupted";
    notes.write(describeFailure(error));
    return "failed";
  }
}
