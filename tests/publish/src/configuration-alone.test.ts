import { afterEach, expect, inject, test } from "vitest";
import { ControllerCalls } from "./controller-calls.js";
import { EmptyFolder } from "./empty-folder.js";
import { freePortRange, isPortFree } from "./free-ports.js";

const startTaskYaml = `
definition:
  import: tasks/dbbench.yaml
start:
  dbbench-mini: 1
`;

const dbbenchYaml = `
dbbench-mini:
  module: "@eval/tasks#DBBench"
  parameters:
    concurrency: 4
    data_file: data/dbbench-mini.jsonl
`;

let folder: EmptyFolder | undefined;
afterEach(() => folder?.remove());

test("start-task brings everything up from a folder with nothing but configuration files", async () => {
  folder = new EmptyFolder(inject("registry"));
  folder.write("configs/start_task.yaml", startTaskYaml);
  folder.write("configs/tasks/dbbench.yaml", dbbenchYaml);
  const first = await freePortRange(3);
  const ports = [first, first + 1, first + 2];
  const address = `http://localhost:${first + 2}/api`;

  const running = folder.start("npx", [
    ...["-y", "@eval/start-task", "-a", "-s", "dbbench-mini", "2"],
    ...["--base-port", String(first), "-l", address],
  ]);
  await running.seen(/All 2 workers are registered/);
  const calls = new ControllerCalls(address);
  const expected = [`http://localhost:${first}/api`, `http://localhost:${first + 1}/api`];
  expect(await calls.workers("dbbench-mini", 2)).toEqual(expected);
  // One step of npx brings the bins and the tasks' packages together.
  expect(running.stderr.match(/Installing [^"]*/g)).toHaveLength(1);

  // The data is there, and the database's driver loads.
  const started = await calls.startSample("dbbench-mini", 0);
  expect(started.output.status).toBe("running");
  const turn = await calls.interact(started.session_id, "Action: Operation\n```sql\nSELECT 6 * 7;\n```");
  expect(turn.output.history?.at(-1)?.content).toContain("(42,)");
  await calls.cancel(started.session_id);

  await folder.stop(running);
  expect(await Promise.all(ports.map(isPortFree))).toEqual([true, true, true]);
  expect(folder.list()).toEqual(["configs"]);
});
