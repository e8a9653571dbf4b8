import { isMapping, kindOf } from "./parameters.js";

/** What counts of a chat completion. */
export interface ChatReply {
  /** The first choice's text; "" where it has none. */
  readonly text: string;
  /** Why the answer ended: `stop`, `length`, ...; "" where it does not say. */
  readonly finish: string;
}

/** Reads the body of a chat completion. @throws Error whose message goes on after "but ". */
export function readChatReply(body: string): ChatReply {
  const reply = parse(body);
  const choices = isMapping(reply) ? reply.choices : undefined;
  if (!Array.isArray(choices)) throw new Error("it has no list 'choices'");
  const choice: unknown = choices[0];
  if (!isMapping(choice)) throw new Error("its list 'choices' is empty");
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
    throw new Error("that is not JSON");
  }
}

/** Some endpoints answer in parts: `[{type: "text", text: "..."}]`. Parts that are not text (reasoning) are left out. */
function textOf(content: unknown): string {
  if (content === null || content === undefined) return "";
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) throw new Error(`choices[0].message.content is ${kindOf(content)}`);
  return content.map((part: unknown) => (isMapping(part) && typeof part.text === "string" ? part.text : "")).join("");
}
