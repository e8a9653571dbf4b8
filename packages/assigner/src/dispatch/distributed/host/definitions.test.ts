import { describe, expect, test } from "vitest";
import { type DefinitionSources, definitionsFor } from "./definitions.js";

const task = {
  module: "@eval/assigner#TaskClient",
  parameters: { controller_address: "${env:CONTROLLER:-http://localhost:5000/api}" },
};
const sources: DefinitionSources = { cwd: "/host", env: {}, allowModules: [], allowEnv: [] };

function definitions(module: string, given: Partial<DefinitionSources> = {}, parameters = {}) {
  const settings = { leaseS: 60, waitForWorkersMs: 1 };
  const param = { settings, agents: { mine: { module, parameters } }, tasks: { task } };
  return definitionsFor(param, { ...sources, allowEnv: ["CONTROLLER"], ...given });
}

describe("definitions that come with a run", () => {
  test("are taken for bundled agents, with the variables that the host names", async () => {
    const key = { api_key: "${env:KEY}" };
    const env = { KEY: "a key", OTHER: "not for you" };
    const allowEnv = ["CONTROLLER", "KEY"];
    const allowControllers = ["http://localhost:5000/api/"];
    const given = { env, allowEnv, token: "a token", allowControllers };
    const taken = await definitions("@eval/assigner#OpenAIChatAgent", given, key);
    expect(taken.agents.mine?.parameters).toEqual({ api_key: "a key" });
    expect(taken.tasks.task?.parameters).toEqual({
      controller_address: "http://localhost:5000/api",
      token: "a token",
    });
    expect(taken.secrets).toEqual(["a key", "a token"]);
  });

  test("get no token for a controller that the host does not name", async () => {
    const allowControllers = ["http://other.example/api"];
    const taken = await definitions("@eval/assigner#HttpAgent", { token: "a token", allowControllers });
    expect(taken.tasks.task?.parameters).toEqual({ controller_address: "http://localhost:5000/api" });
    expect(taken.secrets).toEqual([]);
  });

  test("read no variable that the host does not name", async () => {
    const leak = definitions("@eval/assigner#HttpAgent", { env: { HOME: "/root" } }, { body: [{ a: "${env:HOME}" }] });
    await expect(leak).rejects.toMatchObject({
      code: "CONFIG_INVALID",
      message: expect.stringContaining("--allow-env HOME"),
    });
  });

  test.each([
    ["/any/agent.mjs#Agent", []],
    ["/any/agent.mjs#Agent", ["/any/agent.mjs#Other"]],
    ["/any/agent.mjs#Agent", ["/any/other.mjs"]],
    ["package#Agent", ["package/sub#Agent"]],
    ["@eval/assigner#evaluate", []],
  ])("do not load %s where %j is allowed", async (module, allowModules) => {
    await expect(definitions(module, { allowModules })).rejects.toThrow(`--allow-module ${JSON.stringify(module)}`);
  });

  test.each([
    ["/host/agent.mjs#Agent", ["./agent.mjs#Agent"]],
    ["/any/agent.mjs#Agent", ["/any/agent.mjs"]],
    ["package#Agent", ["package"]],
    ["src.client.agents.HTTPAgent", []],
  ])("may load %s where %j is allowed", async (module, allowModules) => {
    await expect(definitions(module, { allowModules })).resolves.toMatchObject({ agents: { mine: { module } } });
  });
});
