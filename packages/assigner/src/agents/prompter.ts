import type { Message } from "@eval/protocol/agent";
import { parseFormatString, renderFormatString } from "./format-string.js";
import { isMapping, kindOf, type Mapping } from "./parameters.js";

/** Converts a history to keys of the request's body. */
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

/** Builders of the prompters, by v0.2's names. */
const builders = new Map<string, (given: Mapping) => Prompter>([
  ["role_content_dict", (given) => roleContentDict(takeTexts(CHAT_DEFAULTS, given))],
  ["default", (given) => roleContentDict(takeTexts(CHAT_DEFAULTS, takeNone(given)))],
  ["batched_role_content_dict", (given) => batched(roleContentDict(takeTexts(CHAT_DEFAULTS, given)))],
  ["prompt_string", (given) => promptString(takeTexts(STRING_DEFAULTS, given))],
  ["claude", (given) => promptString(takeTexts(CLAUDE_TEXTS, takeNone(given)))],
  ["palm", (given) => instances(roleContentDict(takeTexts(PALM_TEXTS, takeNone(given))))],
]);

/**
 * Creates the prompter of a setting `{name, args}`; an empty or missing setting means `role_content_dict` with its
 * defaults. v0.2 also uses that for an unknown name; here that is an error, because it is probably a mistake.
 * @throws Error that describes the problem.
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
      throw new Error(`its argument '${name}' is unknown; known arguments are ${Object.keys(defaults).join(", ")}`);
    }
    if (typeof value !== "string") throw new Error(`its argument '${name}' must be a string, not ${kindOf(value)}`);
  }
  return { ...defaults, ...given };
}

function takeNone(given: Mapping): Mapping {
  if (Object.keys(given).length > 0) throw new Error("a prompter with this name takes no args");
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
