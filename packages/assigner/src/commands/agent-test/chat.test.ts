import { PassThrough } from "node:stream";
import { waitFor } from "@eval/protocol/testing";
import { expect, onTestFinished, test } from "vitest";
import { chat } from "./chat.js";
import { Conversation } from "./conversation.js";

/** A chat on a terminal; `screen` collects its output. */
function onTerminal(inference: (said: string, signal: AbortSignal) => Promise<string>) {
  const [input, output, notes] = [0, 1, 2].map(() => Object.assign(new PassThrough(), { isTTY: true }));
  if (input === undefined || output === undefined || notes === undefined) throw new Error("unreachable");
  onTestFinished(() => void input.destroy());
  const seen = { screen: "" };
  for (const stream of [output, notes]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      seen.screen += text;
    });
  }
  const agent = {
    inference: (history: readonly { content: string }[], { signal }: { signal: AbortSignal }) =>
      inference(`${history.length} ${history.at(-1)?.content}`, signal),
  };
  const ended = chat({
    conversation: new Conversation(agent),
    ...{ input, output, notes },
    describeFailure: (error) => `failed: ${(error as Error).message}\n`,
    redact: (text) => text.replaceAll("secret", "***"),
    interrupt: new AbortController(),
  });
  const type = async (text: string, then: RegExp) => {
    input.write(text);
    await waitFor(() => then.test(seen.screen), { what: String(then) });
  };
  return { seen, ended, type, input };
}

test("a terminal shows prompts, continues after a failure, and omits failed messages from the history", async () => {
  const { seen, ended, type } = onTerminal(async (said) => {
    if (said.includes("bad")) throw new Error("no");
    return `heard ${said} secret`;
  });
  await type("good\r", /agent> heard 1 good \*\*\*\r?\n/);
  await type("bad\r", /failed: no\n/);
  await type("again\r", /agent> heard 3 again/);
  await type("\u0004", /./);
  expect(await ended).toBe("answered");
  expect(seen.screen).toMatch(/^Each line is a message\. \/reset /);
  expect(seen.screen).toContain("you> ");
});

test("a chat fails if its last message failed", async () => {
  const { ended, type } = onTerminal(async () => {
    throw new Error("no");
  });
  await type("bad\r/exit\r", /failed: no\n/);
  expect(await ended).toBe("failed");
});

test("Ctrl-C cancels the pending answer, and ends the chat", async () => {
  let asked: AbortSignal | undefined;
  const { ended, input } = onTerminal((_, signal) => {
    asked = signal;
    return new Promise(() => {});
  });
  input.write("hi\r");
  await waitFor(() => asked !== undefined);
  input.write("\u0003");
  expect(await ended).toBe("interrupted");
  expect(asked?.aborted).toBe(true);
});
