import { isMapping, kindOf } from "./parameters.js";

/** The relevant part of a chat completion. */
export interface ChatReply {
  /** The first choice's text; "" if it has none. */
  readonly text: string;
  /** Why the answer ended: `stop`, `length`, ...; "" if not given. */
  readonly finish: string;
}

/** Parses the body of a chat completion. @throws Error whose message follows the word "but". */
export function readChatReply(body: string): ChatReply {
  const reply = parse(body);
  const choices = isMapping(reply) ? reply.choices : undefined;
  if (!Array.isArray(choices)) throw new Error("it has no 'choices' list");
  const choice: unknown = choices[0];
  if (!isMapping(choice)) throw new Error("its 'choices' list is empty");
  if (!isMapping(choice.message)) throw new Error("choices[0] has no 'message'");
  const { content, refusal } = choice.message;
  const text = textOf(content);
  return {
    text: text === "" && typeof refusal === "string" ? refusal : text,
    finish: typeof choice.finish_reason === "string" ? choice.finish_reason : "",
  };
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    throw new Error("it is not JSON");
  }
}

/** Some endpoints answer in parts: `[{type: "text", text: "..."}]`. Parts that are not text (reasoning) are ignored. */
function textOf(content: unknown): string {
  if (content === null || content === undefined) return "";
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) throw new Error(`choices[0].message.content is ${kindOf(content)}`);
  return content.map((part: unknown) => (isMapping(part) && typeof part.text === "string" ? part.text : "")).join("");
}
