import type { Conversation } from "./conversation.js";

export interface SpeakOptions {
  conversation: Conversation;
  /** Receives the answers, and the history on request. */
  output: NodeJS.WritableStream;
  /** Receives prompts, hints and failures. */
  notes: NodeJS.WritableStream & { isTTY?: boolean };
  describeFailure: (error: unknown) => string;
  redact: (text: string) => string;
  /** Ends the chat and aborts a pending answer. */
  interrupt: AbortController;
}

/** How a message or a chat ended; `interrupted`: by a signal or Ctrl-C. */
export type SpeakEnd = "answered" | "failed" | "interrupted";

/** Sends one message, and writes the answer or the failure. `label` is written to the notes before the answer. */
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
