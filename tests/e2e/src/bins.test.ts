import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect } from "vitest";
import { ControllerProcess } from "./harness/controller.js";
import { binNames, packagesFolder } from "./harness/repository.js";
import { test } from "./harness/stage.js";

describe.each(binNames)("%s", (name) => {
  test("prints its help and version, and rejects unknown flags", async ({ stage }) => {
    const [help, version, wrong] = ["--help", "--version", "--no-such-flag"].map((flag) => stage.start(name, [flag]));
    expect(await help?.ends(), help?.report).toEqual({ code: 0, signal: null });
    expect(help?.stdout).toContain(`Usage: npx @eval/${name}`);
    expect(help?.stderr).toBe("");
    const manifest = JSON.parse(readFileSync(join(packagesFolder, name, "package.json"), "utf8"));
    expect(await version?.ends(), version?.report).toEqual({ code: 0, signal: null });
    expect(version?.stdout.trim()).toBe(manifest.version);
    expect(await wrong?.ends(), wrong?.report).toEqual({ code: 2, signal: null });
    expect(wrong?.stderr).toContain("--no-such-flag");
    expect(wrong?.stdout).toBe("");
  });
});

describe("in the checkout, with the bundled configurations", () => {
  test.for(["assignments/default.yaml", "assignments/openai-chat.yaml", "start_task.yaml", "tasks/task_assembly.yaml"])(
    "npx @eval/protocol config configs/%s",
    async (file, { stage }) => {
      const run = stage.run("npx", ["--no-install", "@eval/protocol", "config", `configs/${file}`, "-o", "json"]);
      expect(await run.ends(), run.report).toEqual({ code: 0, signal: null });
      expect(Object.keys(JSON.parse(run.stdout))).not.toContain("import");
    },
  );

  test("the worker finds the bundled tasks without --config", async ({ stage }) => {
    const controller = await ControllerProcess.start(stage);
    const flags = ["--port", "0", "--controller", controller.address];
    for (const name of ["dbbench-mini", "virtual"]) {
      await stage.start("worker", [name, ...flags]).listening();
      await controller.untilWorkers(name, 1);
    }
    const unknown = stage.start("worker", ["no-such-task", ...flags]);
    expect(await unknown.ends(), unknown.report).toEqual({ code: 2, signal: null });
    expect(unknown.stderr).toMatch(/dbbench-mini.*virtual/);
  });

  test("a server reports in one line that its port is in use", async ({ stage }) => {
    const controller = await ControllerProcess.start(stage);
    const second = stage.start("controller", ["--port", String(controller.port)]);
    expect(await second.ends(), second.report).toEqual({ code: 1, signal: null });
    expect(second.stderr.trim().split("\n")).toHaveLength(1);
    expect(second.stderr).toContain(`Port ${controller.port}`);
  });

  test("a server ends on SIGTERM with 0, on SIGINT with 130", async ({ stage }) => {
    for (const [signal, code] of [["SIGTERM", 0] as const, ["SIGINT", 130] as const]) {
      const controller = stage.start("controller", ["--port", "0"]);
      const { address } = await controller.listening();
      const worker = stage.start("worker", ["virtual", "--port", "0", "--controller", address]);
      await worker.listening();
      for (const server of [worker, controller]) {
        server.signal(signal);
        expect(await server.ends(), server.report).toEqual({ code, signal: null });
      }
    }
  });
});
