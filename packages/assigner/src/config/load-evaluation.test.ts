import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { loadEvaluation } from "./load-evaluation.js";

let folder = "";

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "evaluation-"));
});
afterEach(() => rm(folder, { recursive: true }));

const text = `
definition:
  agent:
    model: {module: ./agent.mjs, parameters: {api_key: "\${env:KEY}", headers: {authorization: "Bearer literal-secret"}}}
    unused: {module: ./nowhere.mjs, parameters: {api_key: "\${env:NOT_SET}"}}
  task:
    plain: {module: "@eval/assigner#TaskClient", docker: {image: none}}
    own: {module: "@eval/assigner#TaskClient", parameters: {token: mine}}
concurrency: {agent: {model: 2}, task: {plain: 3, own: 1}}
assignments: {agent: model, task: [plain, own]}
`;

async function load(content: string, options: { env?: Record<string, string>; token?: string } = {}) {
  await writeFile(join(folder, "assignment.yaml"), content);
  return loadEvaluation("assignment.yaml", { cwd: folder, env: { KEY: "sesame-key" }, ...options });
}

describe("loadEvaluation", () => {
  it("resolves references only in the used definitions", async () => {
    const { agentModules, configDir } = await load(text);
    expect(agentModules).toEqual({
      model: {
        module: join(folder, "agent.mjs"),
        parameters: { api_key: "sesame-key", headers: { authorization: "Bearer literal-secret" } },
      },
    });
    expect(configDir).toBe(folder);
  });

  it("stores the configuration with its references, but without literal secrets", async () => {
    const { kept, masked, secrets } = await load(text);
    expect(kept).toContain("${env:KEY}");
    expect(kept).not.toContain("literal-secret");
    expect(masked).toEqual([
      "definition.agent.model.parameters.headers.authorization",
      "definition.task.own.parameters.token",
    ]);
    expect(secrets).toEqual(expect.arrayContaining(["sesame-key", "literal-secret"]));
  });

  it("gives the token to tasks without their own token", async () => {
    const { taskModules } = await load(text, { token: "shared" });
    expect([taskModules.plain?.parameters.token, taskModules.own?.parameters.token]).toEqual(["shared", "mine"]);
  });

  it("reports every problem at once, with its path", async () => {
    const wrong = text.replace("model: 2", "model: zero").replace("[plain, own]", "[plain, other]");
    const error = await load(wrong).catch((problem: Error) => problem);
    expect(error).toMatchObject({ code: "CONFIG_INVALID" });
    expect((error as Error).message).toMatch(
      /concurrency\.agent\.model.*\n.*other.*known: plain, own|other.*known: plain, own.*\n.*concurrency\.agent\.model/s,
    );
  });

  it("shows a minimal configuration if the file is missing", async () => {
    const missing = loadEvaluation("nowhere.yaml", { cwd: folder, env: {} });
    await expect(missing).rejects.toThrow(/configuration file not found: nowhere\.yaml[\s\S]*assignments:/);
  });
});
