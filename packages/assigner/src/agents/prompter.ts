import type { Message } from "@eval/protocol/agent";
import { parseFormatString, renderFormatString } from "./format-string.js";
import { isMapping, kindOf, type Mapping } from "./parameters.js";

/** Turns a history into keys of the request's body. */
export type Prompter = (history: readonly Message[]) => Mapping;

type Texts<Name extends string> = Record<Name, string>;

const CHAT_DEFAULTS = {
  message_key: "messages",
  role_key: "role",
  content_key: "content",
  user_role: "user",
  agent_role: "agent",
};

const STRING_DEFAULTS = {
  prefix: "",
  suffix: "AGENT:",
  user_format: "USER: {content}\n\n",
  agent_format: "AGENT: {content}\n\n",
  prompt_key: "prompt",
};

const CLAUDE_TEXTS = {
  ...STRING_DEFAULTS,
  suffix: "Assistant:",
  user_format: "Human: {content}\n\n",
  agent_format: "Assistant: {content}\n\n",
};

const PALM_TEXTS = { ...CHAT_DEFAULTS, role_key: "author", agent_role: "bot" };

/** Name -> what makes the prompter from its arguments. These are v0.2's names. */
const builders = new Map<string, (given: Mapping) => Prompter>([
  ["role_content_dict", (given) => roleContentDict(takeTexts(CHAT_DEFAULTS, given))],
  ["default", (given) => roleContentDict(takeTexts(CHAT_DEFAULTS, takeNone(given)))],
  ["batched_role_content_dict", (given) => batched(roleContentDict(takeTexts(CHAT_DEFAULTS, given)))],
  ["prompt_string", (given) => promptString(takeTexts(STRING_DEFAULTS, given))],
  ["claude", (given) => promptString(takeTexts(CLAUDE_TEXTS, takeNone(given)))],
  ["palm", (given) => instances(roleContentDict(takeTexts(PALM_TEXTS, takeNone(given))))],
]);

/**
 * The prompter of a setting `{name, args}`; an empty or missing setting is `role_content_dict` with its defaults.
 * v0.2 falls back to that for a name it does not know; here it is an error, since it is a slip of the pen.
 * @throws Error that says what is wrong with the setting.
 */
export function makePrompter(setting: Mapping): Prompter {
  if (Object.keys(setting).length === 0) return roleContentDict(CHAT_DEFAULTS);
  const build = typeof setting.name === "string" ? builders.get(setting.name) : undefined;
  if (build === undefined) throw new Error(`its name must be one of ${[...builders.keys()].join(", ")}`);
  const given = setting.args ?? {};
  if (!isMapping(given)) throw new Error(`its args must be a mapping, not ${kindOf(given)}`);
  return build(given);
}

function takeTexts<Name extends string>(defaults: Texts<Name>, given: Mapping): Texts<Name> {
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(defaults, name)) {
      throw new Error(`its argument '${name}' is not known; known are ${Object.keys(defaults).join(", ")}`);
    }
    if (typeof value !== "string") throw new Error(`its argument '${name}' must be a text, not ${kindOf(value)}`);
  }
  return { ...defaults, ...given };
}

function takeNone(given: Mapping): Mapping {
  if (Object.keys(given).length > 0) throw new Error("it takes no args under this name");
  return given;
}

function roleContentDict(texts: Texts<keyof typeof CHAT_DEFAULTS>): Prompter {
  const roles = { user: texts.user_role, agent: texts.agent_role };
  return (history) => ({
    [texts.message_key]: history.map((message) => ({
      [texts.role_key]: roles[message.role],
      [texts.content_key]: message.content,
    })),
  });
}

function batched(prompter: Prompter): Prompter {
  return (history) => Object.fromEntries(Object.entries(prompter(history)).map(([key, value]) => [key, [value]]));
}

function instances(prompter: Prompter): Prompter {
  return (history) => ({ instances: [prompter(history)] });
}

function promptString(texts: Texts<keyof typeof STRING_DEFAULTS>): Prompter {
  const formats = {
    user: parseFormatString(texts.user_format, "content"),
    agent: parseFormatString(texts.agent_format, "content"),
  };
  return (history) => {
    const said = history.map((message) => renderFormatString(formats[message.role], message.content));
    return { [texts.prompt_key]: texts.prefix + said.join("") + texts.suffix };
  };
}
