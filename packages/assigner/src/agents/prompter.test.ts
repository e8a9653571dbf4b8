import { expect, test } from "vitest";
import { makePrompter } from "./prompter.js";

const history = [
  { role: "user", content: "one {content} }" },
  { role: "agent", content: "two" },
  { role: "user", content: "three" },
] as const;

const chat = (user: string, agent: string, role = "role", content = "content") => [
  { [role]: user, [content]: "one {content} }" },
  { [role]: agent, [content]: "two" },
  { [role]: user, [content]: "three" },
];

const renamed = { message_key: "m", role_key: "r", content_key: "c", user_role: "u", agent_role: "assistant" };

test.each([
  ["no setting", {}, { messages: chat("user", "agent") }],
  ["role_content_dict", { name: "role_content_dict" }, { messages: chat("user", "agent") }],
  ["args that are null", { name: "role_content_dict", args: null }, { messages: chat("user", "agent") }],
  ["renamed", { name: "role_content_dict", args: renamed }, { m: chat("u", "assistant", "r", "c") }],
  ["batched_role_content_dict", { name: "batched_role_content_dict" }, { messages: [chat("user", "agent")] }],
  ["batched, renamed", { name: "batched_role_content_dict", args: renamed }, { m: [chat("u", "assistant", "r", "c")] }],
  [
    "prompt_string",
    { name: "prompt_string" },
    { prompt: "USER: one {content} }\n\nAGENT: two\n\nUSER: three\n\nAGENT:" },
  ],
  [
    "prompt_string with all its arguments",
    {
      name: "prompt_string",
      args: {
        prefix: "<s>",
        suffix: "A>",
        user_format: "{{U}}{content};",
        agent_format: "A {content};",
        prompt_key: "p",
      },
    },
    { p: "<s>{U}one {content} };A two;{U}three;A>" },
  ],
  ["claude", { name: "claude" }, { prompt: "Human: one {content} }\n\nAssistant: two\n\nHuman: three\n\nAssistant:" }],
  ["palm", { name: "palm" }, { instances: [{ messages: chat("user", "bot", "author") }] }],
])("%s", (_name, setting, expected) => {
  expect(makePrompter(setting)(history)).toStrictEqual(expected);
});

test.each([
  [{ name: "chatml" }, "its name must be one of role_content_dict, default, batched_role_content_dict"],
  [{ name: "constructor" }, "its name must be one of"],
  [{ args: {} }, "its name must be one of"],
  [{ name: "prompt_string", args: ["x"] }, "its args must be a mapping, not a list"],
  [
    { name: "prompt_string", args: { sufix: "x" } },
    "its argument 'sufix' is unknown; known arguments are prefix, suffix",
  ],
  [{ name: "role_content_dict", args: { user_role: 1 } }, "its argument 'user_role' must be a string, not a number"],
  [{ name: "prompt_string", args: { user_format: "{text}" } }, "a field must start with 'content'"],
  [{ name: "claude", args: { suffix: "x" } }, "a prompter with this name takes no args"],
])("refused: %j", (setting, message) => {
  expect(() => makePrompter(setting)).toThrow(message);
});
