import { afterEach, expect, inject, test } from "vitest";
import { ControllerCalls } from "./controller-calls.js";
import { EmptyFolder } from "./empty-folder.js";

/** No import: the interface is structural. */
const riddle = `
export default class Riddle {
  constructor({ parameters }) {
    this.name = parameters.name;
    this.concurrency = 2;
    this.answer = parameters.answer;
  }
  async getIndices() { return ["first", "second"]; }
  async startSample(index, session) {
    for (let round = 1; round <= 3; round++) {
      const { status, content } = await session.action("Which number? (" + index + ")");
      if (status !== "normal") return { status: "unknown" };
      if (content === this.answer) return { status: "completed", result: { round } };
    }
    return { status: "task limit reached" };
  }
  async calculateOverall(results) { return { count: results.length }; }
}
`;

const folders: EmptyFolder[] = [];
const emptyFolder = () => {
  const folder = new EmptyFolder(inject("registry"));
  folders.push(folder);
  return folder;
};
afterEach(() => {
  for (const folder of folders.splice(0)) folder.remove();
});

test("the worker alone, with a plain .mjs beside it, runs a sample for a controller from elsewhere", async () => {
  const controllerFolder = emptyFolder();
  const controller = controllerFolder.start("npx", ["-y", "@eval/controller", "-p", "0"]);

  const workerFolder = emptyFolder();
  await workerFolder.run("npm", ["install", "@eval/worker"]);
  expect(workerFolder.list("node_modules/@eval")).toEqual(["protocol", "worker"]);
  workerFolder.write("riddle.mjs", riddle);
  workerFolder.write("tasks.yaml", 'riddle:\n  module: ./riddle.mjs\n  parameters:\n    answer: "42"\n');

  const [, address = ""] = await controller.seen(/"message":"Listening on (http:[^"]+\/api)"/);
  const worker = workerFolder.start("npx", [
    ...["@eval/worker", "riddle", "--config", "tasks.yaml", "--port", "0", "--controller", address],
  ]);
  const calls = new ControllerCalls(address);
  const workers = await calls.workers("riddle", 1).catch((error) => {
    throw new Error(`${error.message}\n${worker.stderr}`);
  });
  expect(workers[0]).toMatch(/^http:\/\/localhost:\d+\/api$/);

  const started = await calls.startSample("riddle", "second");
  expect(started.output).toMatchObject({
    status: "running",
    history: [{ role: "user", content: "Which number? (second)" }],
  });
  const wrong = await calls.interact(started.session_id, "41");
  expect(wrong.output.status).toBe("running");
  const right = await calls.interact(started.session_id, "42");
  expect(right.output).toMatchObject({ index: "second", status: "completed", result: { round: 2 } });
  expect(right.output.history).toHaveLength(4);

  await workerFolder.stop(worker);
  await controllerFolder.stop(controller);
  expect(controllerFolder.list()).toEqual([]);
});
