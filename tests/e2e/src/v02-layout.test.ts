import { cpSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect } from "vitest";
import { ChatServer } from "./harness/chat-server.js";
import { ControllerProcess } from "./harness/controller.js";
import { allIndices, CellFolder } from "./harness/journal.js";
import { fixture } from "./harness/repository.js";
import { type Stage, test } from "./harness/stage.js";

let chat: ChatServer;
let chatAddress: string;

beforeEach(async () => {
  chat = new ChatServer(solve);
  chatAddress = await chat.listen();
});

afterEach(() => chat.close());

/** Solves the two samples: a statement first, then what it gave. */
function solve(conversation: string): string {
  const found = /\[\('?(\w+)'?,\)\]/.exec(conversation)?.[1];
  if (found !== undefined) return `Action: Answer\nFinal Answer: ["${found}"]`;
  const sql = conversation.includes("How many boats")
    ? "SELECT COUNT(*) FROM `Boats`"
    : "SELECT `Name` FROM `Boats` ORDER BY `Length` + 0 DESC LIMIT 1";
  return `Let me look.\nAction: Operation\n\`\`\`sql\n${sql}\n\`\`\``;
}

/** v0.2's folder, with nothing but the two addresses in it changed; all programs run in it, as v0.2's do. */
function layOut(stage: Stage, controller: string): void {
  cpSync(fixture("v02-layout"), stage.folder, { recursive: true });
  for (const name of readdirSync(stage.path("configs"), { recursive: true, encoding: "utf8" })) {
    if (!name.endsWith(".yaml")) continue;
    const file = stage.path("configs", name);
    const text = readFileSync(file, "utf8")
      .replaceAll("http://localhost:5000/api", controller)
      .replaceAll("https://api.openai.com", chatAddress);
    writeFileSync(file, text);
  }
}

describe("v0.2's folder of configuration files", () => {
  test("works unchanged: start-task, then the assigner, without a flag that names a file", async ({ stage }) => {
    const controller = await ControllerProcess.start(stage);
    layOut(stage, controller.address);
    const tasks = stage.start("start-task", ["--auto-controller", "--base-port", "0"], { cwd: stage.folder });
    await tasks.wrote(/The worker is registered/);
    const run = stage.start("assigner", [], { cwd: stage.folder });

    expect(await run.ends(), run.report).toEqual({ code: 0, signal: null });

    const [output = ""] = readdirSync(stage.path("outputs"));
    expect(output).toMatch(/^\d{4}(-\d\d){5}$/);
    for (const agent of ["gpt-3.5-turbo-0613", "text-davinci-003"]) {
      const cell = new CellFolder(stage.path("outputs", output), agent, "dbbench-dev");
      expect(cell.indices(), agent).toEqual(allIndices(2));
      expect(JSON.parse(readFileSync(cell.overall, "utf8"))).toMatchObject({
        total: 2,
        custom: { counting_accuracy: 1, comparison_accuracy: 1 },
      });
    }
    expect(run.stderr).toMatch(/api_agents\.yaml: line \d+, column 1: duplicate key/);
    // Once by start-task, once by its worker.
    expect(tasks.stderr.match(/dbbench\.yaml: line 6, column 5: duplicate key/g), tasks.stderr).toHaveLength(2);
  });

  test("sends the same requests as v0.2", async ({ stage }) => {
    const controller = await ControllerProcess.start(stage);
    layOut(stage, controller.address);
    const flags = ["dbbench-dev", "--config", join("configs", "start_task.yaml"), "--controller", controller.address];
    stage.start("worker", [...flags, "--port", "0"], { cwd: stage.folder });
    await controller.untilWorkers("dbbench-dev", 1);
    const run = stage.start("assigner", ["--output", "out"], { cwd: stage.folder });

    expect(await run.ends(), run.report).toEqual({ code: 0, signal: null });

    const of = (path: string) => chat.requests.filter((request) => request.path === path);
    const [chats, texts] = [of("/v1/chat/completions"), of("/v1/completions")];
    expect([chats.length, texts.length]).toEqual([4, 4]);
    expect(new Set(chat.requests.map(({ authorization }) => authorization))).toEqual(
      new Set(["Bearer <% YOUR-KEY %>"]),
    );
    for (const { body } of chats) {
      const messages = body.messages as { role: string; content: string }[];
      expect(body).toEqual({ temperature: 0, model: "gpt-3.5-turbo-0613", max_tokens: 512, messages });
      expect(messages.map(({ role }) => role)).toEqual(["user", "assistant", "user"].slice(0, messages.length));
    }
    for (const { body } of texts) {
      const { prompt, ...constant } = body;
      expect(constant).toEqual({ temperature: 0, model: "text-davinci-003", max_tokens: 512, echo: false });
      expect(prompt).toMatch(/^USER: [\s\S]*\n\nAGENT:$/);
    }
  });

  test("reports which task does not exist, and how to provide it", async ({ stage }) => {
    layOut(stage, "http://localhost:0/api");
    const flags = ["--auto-controller", "--base-port", "0", "--start", "os-dev", "1"];
    const run = stage.start("start-task", flags, { cwd: stage.folder });

    expect((await run.ends()).code, run.report).toBe(2);

    expect(run.stderr).toMatch(
      /os-dev.*v0\.2's task src\.server\.tasks\.os_interaction\.OSInteraction does not exist/s,
    );
    expect(run.stderr).toContain("module: ./my-task.mjs#MyTask");
    expect(stage.running).toEqual([]);
  });

  test("reports which agent does not exist, and what to use instead", async ({ stage }) => {
    layOut(stage, "http://localhost:1/api");
    const flags = ["--config", join("configs", "assignments", "fastchat.yaml"), "--wait-for-workers", "1"];
    const run = stage.start("assigner", flags, { cwd: stage.folder });

    expect((await run.ends()).code, run.report).toBe(2);

    expect(run.stderr).toMatch(/vicuna-7b.*src\.client\.agents\.FastChatAgent does not exist here/s);
    expect(run.stderr).toContain("@eval/assigner#OpenAIChatAgent");
  });
});
