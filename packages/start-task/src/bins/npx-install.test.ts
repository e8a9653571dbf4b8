import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { silentLogger } from "@eval/protocol/logger";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { fakeNpx } from "../testing/fake-docker.js";
import { Workspace } from "../testing/workspace.js";
import { locateBins } from "./locate-bins.js";

describe("locateBins, if a package is not installed", () => {
  let workspace: Workspace;

  beforeEach(() => {
    workspace = new Workspace({ installed: false });
  });

  afterEach(() => workspace.remove());

  const locate = (npx: string, signal = new AbortController().signal, timeoutMs = 10_000) => {
    const programs = workspace.program("npx", npx);
    const path = `${programs}${delimiter}/usr/bin${delimiter}/bin`;
    return locateBins({
      ...{ roles: ["worker", "controller"], bins: {}, packages: ["@eval/tasks", "my-task"], version: "9.9.9" },
      ...{ cwd: workspace.dir, folders: [workspace.dir], logger: silentLogger, spawn, signal, timeoutMs },
      env: { PATH: path, FAKE_NPX_LOG: join(workspace.dir, "log"), npm_config_package: "outer" },
    });
  };

  it("installs everything with one npx call: our packages in our version, together with those of the tasks", async () => {
    const bins = await locate(fakeNpx(["/cache/worker.js", "/cache/controller.js"]));
    expect([...bins]).toEqual([
      ["worker", "/cache/worker.js"],
      ["controller", "/cache/controller.js"],
    ]);
    const args = JSON.parse(readFileSync(join(workspace.dir, "log"), "utf8")) as string[];
    expect(args.slice(0, -1)).toEqual([
      ...["--yes", "--package", "@eval/worker@9.9.9", "--package", "@eval/controller@9.9.9"],
      ...["--package", "@eval/tasks@9.9.9", "--package", "my-task", "--", "node", "-e"],
    ]);
  });

  it("runs a script that finds the packages next to npx's commands", async () => {
    const file = workspace.write("cache/node_modules/@eval/worker/run.js", "");
    workspace.write(
      "cache/node_modules/@eval/worker/package.json",
      JSON.stringify({ bin: { "eval-worker": "run.js" } }),
    );
    workspace.write("cache/node_modules/@eval/controller/package.json", JSON.stringify({ bin: { c: "./run.mjs" } }));
    const bin = JSON.stringify(join(workspace.dir, "cache/node_modules/.bin"));
    const bins = await locate(`
      const env = { ...process.env, PATH: ${bin} + ":" + process.env.PATH };
      const script = process.argv.at(-1);
      process.exit(require("node:child_process").spawnSync(process.execPath, ["-e", script], { env, stdio: "inherit" }).status);
    `);
    expect(bins.get("worker")).toBe(file);
    expect(bins.get("controller")).toBe(join(workspace.dir, "cache/node_modules/@eval/controller/run.mjs"));
  });

  it("shows the output of npx if it fails", async () => {
    await expect(locate(`console.error("npm error code ENOTFOUND"); process.exit(1)`)).rejects.toMatchObject({
      code: "START_FAILED",
      message: expect.stringMatching(
        /npx could not install @eval\/worker, .*\(exit code 1\): check the network connection, or install it yourself: npm install @eval\/worker [\s\S]*ENOTFOUND/,
      ),
    });
    await expect(locate("")).rejects.toThrow("it printed no path");
  });

  it("gives npx up after its time, or when the start is ended", async () => {
    await expect(locate("setInterval(() => {}, 1000)", undefined, 300)).rejects.toThrow("not finished after 0.3 s");
    const stop = AbortSignal.timeout(200);
    const failure = await locate("setInterval(() => {}, 1000)", stop).catch((error) => error);
    expect(failure).toBe(stop.reason);
  });

  it("prefers the given paths", async () => {
    const options = { bins: { worker: "/w.js", controller: "/c.js" } };
    const bins = await locateBins({
      ...{ roles: ["worker", "controller"], packages: [], version: "1", cwd: "/", folders: [], env: {} },
      ...{ logger: silentLogger, spawn, signal: new AbortController().signal, timeoutMs: 1, ...options },
    });
    expect([...bins.values()]).toEqual(["/w.js", "/c.js"]);
  });
});
