import { describe, expect, it } from "vitest";
import { resolveModuleAlias } from "./v02-modules.js";

function refusal(reference: string): string {
  try {
    return `accepted: ${resolveModuleAlias(reference)}`;
  } catch (error) {
    expect(error).toMatchObject({ code: "MODULE_NOT_FOUND" });
    return (error as Error).message;
  }
}

describe("v0.2's dotted names", () => {
  it.each([
    ["src.client.TaskClient", "@eval/assigner#TaskClient"],
    ["src.client.task.TaskClient", "@eval/assigner#TaskClient"],
    ["src.client.HTTPAgent", "@eval/assigner#HttpAgent"],
    ["src.client.agents.HTTPAgent", "@eval/assigner#HttpAgent"],
    ["src.client.agents.http_agent.HTTPAgent", "@eval/assigner#HttpAgent"],
    ["src.server.tasks.dbbench.DBBench", "@eval/tasks#DBBench"],
    ["src.server.task.VirtualTask", "@eval/tasks#VirtualTask"],
  ])("%s is here", (reference, expected) => {
    expect(resolveModuleAlias(reference)).toBe(expected);
  });

  it.each([
    "alfworld.ALFWorld",
    "avalon.AvalonBench",
    "card_game.CardGame",
    "knowledgegraph.KnowledgeGraph",
    "ltp.LateralThinkingPuzzle",
    "mind2web.Mind2Web",
    "os_interaction.OSInteraction",
    "webshop.WebShop",
    "webshop_docker.WebShop",
  ])("src.server.tasks.%s is known, and is not here", (name) => {
    expect(refusal(`src.server.tasks.${name}`)).toBe(
      `v0.2's task src.server.tasks.${name} does not exist here. ` +
        "Provide the task in your own file, module: ./my-task.mjs#MyTask, " +
        'or in a package, module: "package#Export". ' +
        "A v0.2 worker can host it too, if it registers with this controller",
    );
  });

  it.each([
    ["src.client.agents.FastChatAgent", /^v0\.2's agent \S+ does not.*OpenAI-compatible endpoint.*#OpenAIChatAgent/],
    [
      "src.client.agents.claude_agent.Claude",
      /^v0\.2's agent \S+ does not.*prompter claude.*\.\/my-agent\.mjs#MyAgent/,
    ],
    ["src.client.agents.test_agent.CountHistoryAgent", /only counts.*\.\/my-agent\.mjs#MyAgent/],
    ["src.client.agents.mine.MyAgent", /^the Python module src\.client\.agents\.mine\.MyAgent .*\.\/my-agent\.mjs/],
    ["src.agents.DoNothingAgent", /^the Python module .*\.\/my-agent\.mjs/],
    ["src.server.tasks.mine.MyTask", /^the Python module .*\.\/my-task\.mjs#MyTask.*v0\.2 worker/],
    ["src.tasks.ExampleTask", /^the Python module .*\.\/my-task\.mjs/],
  ])("%s says what to do", (reference, message) => {
    expect(refusal(reference)).toMatch(message);
  });

  it.each(["src-less/package#X", "src/file#X", "./src.mjs", "source.client.TaskClient", "toString", "src"])(
    "%s is none of them",
    (reference) => {
      expect(resolveModuleAlias(reference)).toBe(reference);
    },
  );
});
