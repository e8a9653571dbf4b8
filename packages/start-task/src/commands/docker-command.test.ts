import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { type DockerContext, dockerCommand } from "./docker-command.js";
import type { WorkerSettings } from "./launch-settings.js";

const settings: WorkerSettings = {
  config: "/work/configs/my tasks.yaml",
  controller: "http://localhost:5000/api",
  host: "127.0.0.1",
  selfHost: "localhost",
  insecure: false,
  allowHosts: ["gpu-box"],
  drainTimeoutS: 30,
};

const context: DockerContext = {
  docker: { image: "image", command: "" },
  packages: ["@eval/tasks", "my-task"],
  version: "1.2.3",
  token: undefined,
  env: {},
  cwd: "/work",
};

const worker = { task: "it's a task", number: 1, port: 5001, environment: [] };

function scriptOf(overrides: { settings?: Partial<WorkerSettings>; context?: Partial<DockerContext> } = {}): string {
  const merged = { ...settings, ...overrides.settings };
  return dockerCommand(worker, merged, { ...context, ...overrides.context }).args.at(-1) ?? "";
}

describe("dockerCommand", () => {
  it("quotes for bash whatever the names hold, and installs the task's packages in the container", () => {
    // `node` and `npx` become functions that show what they are given.
    const show = `node() { printf '%s\\n' "$@"; }; npx() { printf '<%s>' "$@"; }; `;
    const shown = execFileSync("bash", ["-c", show + scriptOf()], { encoding: "utf8" })
      .trimEnd()
      .split("\n");
    expect(shown.shift()).toMatch(
      /^<--yes><--package><@eval\/worker@1\.2\.3><--package><@eval\/tasks@1\.2\.3><--package><my-task><--><node><-e><for/,
    );
    expect(shown).toEqual([
      ...["it's a task", "--config", "configs/my tasks.yaml", "--port", "5001", "--self", "http://localhost:5001/api"],
      ...["--controller", "http://host.docker.internal:5000/api", "--host", "0.0.0.0", "--drain-timeout", "30"],
      ...["--insecure", "--allow-host", "gpu-box"],
    ]);
  });

  it.each([
    ["http://127.0.0.1:5000/api", "http://host.docker.internal:5000/api"],
    ["http://me:secret@localhost:5000/api", "http://me:secret@host.docker.internal:5000/api"],
    ["http://[::1]:5000/api", "http://host.docker.internal:5000/api"],
    ["http://localhost.example.org:5000/api", "http://localhost.example.org:5000/api"],
    ["http://10.0.0.7:5000/api", "http://10.0.0.7:5000/api"],
  ])("gives the worker %s as %s", (controller, inside) => {
    expect(scriptOf({ settings: { controller } })).toContain(`--controller ${inside} `);
    const { args } = dockerCommand(worker, { ...settings, controller }, context);
    expect(args.includes("--add-host")).toBe(inside !== controller);
  });

  it("passes the token only in the environment", () => {
    const { args, env } = dockerCommand(worker, settings, { ...context, token: "secret" });
    expect(env.EVAL_TOKEN).toBe("secret");
    expect(args.slice(args.indexOf("EVAL_TOKEN") - 1).slice(0, 2)).toEqual(["-e", "EVAL_TOKEN"]);
    expect(args.join(" ")).not.toContain("secret");
    expect(args.at(-1)).not.toContain("--insecure");
  });

  it("makes a name that docker takes, a new one each time", () => {
    const names = [1, 2].map(() => dockerCommand(worker, settings, context).container);
    expect(names[0]).toMatch(/^eval-it-s-a-task-5001-[0-9a-f]{8}$/);
    expect(names[0]).not.toBe(names[1]);
  });
});
