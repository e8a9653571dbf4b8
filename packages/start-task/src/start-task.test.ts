import { createServer, type Server } from "node:http";
import { Writable } from "node:stream";
import { silentLogger } from "@eval/protocol/logger";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type LaunchEvent, type RunningTasks, type StartTaskOptions, startTask } from "./index.js";
import { isGroupAlive } from "./processes/process-tree.js";
import { waitFor } from "./testing/wait-for.js";
import { Workspace } from "./testing/workspace.js";

class Sink extends Writable {
  text = "";
  override _write(chunk: unknown, _encoding: string, done: () => void): void {
    this.text += String(chunk);
    done();
  }
}

describe("startTask", () => {
  let workspace: Workspace;
  let running: RunningTasks | undefined;
  let server: Server | undefined;
  const { EVAL_TOKEN: _, ...env } = process.env;

  beforeEach(() => {
    workspace = new Workspace();
  });

  afterEach(async () => {
    await running?.stop();
    server?.close();
    workspace.remove();
  });

  const start = async (options: Partial<StartTaskOptions> = {}) => {
    running = await startTask({
      ...{ cwd: workspace.dir, env, logger: silentLogger, stdout: new Sink(), stderr: new Sink() },
      ...{ autoController: true, controller: "http://localhost:0/api", basePort: 0, ...options },
    });
    return running;
  };

  it("can be embedded: addresses, readiness, events, stop", async () => {
    workspace.config({ echo: { say: "hello" } });
    const events: LaunchEvent[] = [];
    const stdout = new Sink();
    const tasks = await start({ start: { echo: 2 }, stdout, onEvent: (event) => events.push(event) });
    expect(tasks.controllerAddress).toMatch(/^http:\/\/localhost:[1-9]\d*\/api$/);
    expect(tasks.controller?.address).toBe(tasks.controllerAddress);
    await tasks.ready;
    const pids = tasks.workers.map(({ pid }) => pid as number);
    for (const { task, port, address } of tasks.workers) {
      expect(task).toBe("echo");
      expect(address).toBe(`http://localhost:${port}/api`);
    }
    expect(stdout.text).toMatch(/^echo\S+ \| hello\n/);
    await tasks.stop();
    expect(await tasks.ended).toBeUndefined();
    expect(pids.filter(isGroupAlive)).toEqual([]);
    expect(events.map(({ type, process }) => `${type} ${process.role}`).sort()).toEqual([
      ...["listening controller", "listening worker", "listening worker"],
      ...["started controller", "started worker", "started worker"],
      ...["stopped controller", "stopped worker", "stopped worker"],
    ]);
  });

  it("uses a controller that answers, instead of starting one", async () => {
    workspace.config({ echo: {} });
    const first = await start({ start: { echo: 1 } });
    const second = await startTask({
      ...{ cwd: workspace.dir, env, logger: silentLogger, stdout: new Sink(), stderr: new Sink() },
      ...{ autoController: true, controller: first.controllerAddress, basePort: 0, start: { echo: 1 } },
    });
    await second.ready;
    expect(second.controller).toBeUndefined();
    await second.stop();
    expect((await fetch(`${first.controllerAddress}/list_workers`)).status).toBe(200);
  });

  it("ends everything at once on kill()", async () => {
    workspace.config({ echo: {} });
    const tasks = await start({ start: { echo: 1 } });
    const pids = [tasks.controller?.pid, tasks.workers[0]?.pid] as number[];
    tasks.kill();
    await waitFor("the end", () => !pids.some(isGroupAlive));
    await expect(tasks.ready).rejects.toThrow("stopped before all workers were registered");
    expect(await tasks.ended).toBeUndefined();
  });

  it("reports with `ended` that no process could be kept running", async () => {
    workspace.config({ bad: { exit: 3 } });
    const tasks = await start({ start: { bad: 1 }, limits: { restartLimit: 0 } });
    await expect(tasks.ready).rejects.toThrow("bad#1: exit code 4; it crashed more than 0 times within 600 s");
    expect(await tasks.ended).toMatchObject({ code: "START_FAILED" });
    expect(tasks.controller?.pid).toBeUndefined();
  });

  it("stops the started processes if the controller cannot be started", async () => {
    workspace.config({ echo: {} });
    const bin = workspace.write("controller.mjs", "process.exit(4)");
    await expect(start({ start: { echo: 1 }, bins: { controller: bin } })).rejects.toMatchObject({
      code: "START_FAILED",
      message: expect.stringContaining("the controller could not be started: exit code 4"),
    });
    const mute = workspace.write("mute.mjs", "setInterval(() => {}, 1000)");
    const limits = { controllerTimeoutMs: 300 };
    await expect(start({ start: { echo: 1 }, bins: { controller: mute }, limits })).rejects.toMatchObject({
      code: "TIMEOUT",
    });
  });

  it("can be aborted", async () => {
    workspace.config({ echo: {} });
    const signal = AbortSignal.timeout(100);
    const mute = workspace.write("mute.mjs", "setInterval(() => {}, 1000)");
    const failure = await start({ start: { echo: 1 }, bins: { controller: mute }, signal }).catch((error) => error);
    expect(failure).toBe(signal.reason);
  });

  const answering = async (status: number, body: string) => {
    server = createServer((_request, response) => response.writeHead(status).end(body));
    const port = await new Promise<number>((resolve) => {
      server?.listen(0, "127.0.0.1", () => resolve(portOf(server)));
    });
    return `http://127.0.0.1:${port}/api`;
  };

  it.each([
    [401, "{}", "UNAUTHORIZED", "requires a token"],
    [404, "{}", "UNREACHABLE", "another program answers, not a controller"],
    [200, "<html>", "UNREACHABLE", "another program answers, not a controller"],
  ])("refuses an address that answers %d %s", async (status, body, code, message) => {
    workspace.config({ echo: {} });
    const controller = await answering(status, body);
    await expect(start({ start: { echo: 1 }, controller })).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message),
    });
  });

  it.each([
    [{ controller: "http://10.255.0.1:5000/api" }, "cannot reach workers that listen on 127.0.0.1: set --host"],
    [{ autoController: false }, "port 0 requires a controller that start-task starts: add --auto-controller"],
    [{ basePort: 4999, controller: "http://localhost:5000/api" }, "the controller uses port 5000"],
    [{ host: "0.0.0.0", autoController: false, controller: "http://localhost:1/api" }, "set the controller's token"],
    [{ host: "192.0.2.1", insecure: true }, "192.0.2.1 is not an address of this host"],
    [{ controller: "https://localhost:1/api" }, "a controller started by start-task supports only http"],
  ])("refuses %j before anything is started", async (options, message) => {
    workspace.config({ echo: {} });
    const events: LaunchEvent[] = [];
    const onEvent = (event: LaunchEvent) => events.push(event);
    await expect(start({ start: { echo: 2 }, ...options, onEvent })).rejects.toThrow(message);
    expect(events).toEqual([]);
  });

  it("reads the controller's address from the file, under either name, with references", async () => {
    workspace.config({ echo: {} }, { controller: "http://$" + "{env:WHERE}/api" });
    const where = { ...env, WHERE: "localhost:0" };
    const tasks = await start({ start: { echo: 1 }, controller: undefined, env: where });
    expect(tasks.controllerAddress).toMatch(/^http:\/\/localhost:\d+\/api$/);
    await tasks.stop();
    workspace.config({ echo: {} }, { controller_address: 5 });
    await expect(start({ start: { echo: 1 }, controller: undefined })).rejects.toThrow(
      "controller_address: expected an address, received 5",
    );
    workspace.config({ echo: {} }, { controller: "http://localhost:1/api", controller_address: "http://other:1/api" });
    await expect(start({ start: { echo: 1 }, controller: undefined })).rejects.toThrow(
      "start_task.yaml: controller and controller_address are two names for the same setting, but their values differ: remove one",
    );
  });
});

function portOf(server: Server | undefined): number {
  const address = server?.address() as { port: number } | undefined;
  return address?.port ?? 0;
}
