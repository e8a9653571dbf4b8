import { readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { chooseFreePorts } from "../plan/free-ports.js";
import { CliProcess } from "../testing/cli-process.js";
import { fakeDocker, fakeNpx } from "../testing/fake-docker.js";
import { packagesFolder, Workspace } from "../testing/workspace.js";

describe.skipIf(process.platform !== "linux")("workers in containers", () => {
  let workspace: Workspace;
  let cli: CliProcess | undefined;
  let port = 0;

  beforeEach(async () => {
    workspace = new Workspace();
    workspace.program("docker", fakeDocker);
    workspace.program("npx", fakeNpx([join(packagesFolder, "worker/bin.js")]));
    const docker = { image: "my-image", command: 'greeting="from inside"; echo "$greeting $SECRET";' };
    workspace.config({ boxed: { docker, key: "$" + "{env:SECRET}" }, echo: { docker: { command: "echo not run;" } } });
    port = (await chooseFreePorts(1, "0.0.0.0"))[0] as number;
  });

  afterEach(() => {
    cli?.destroy();
    workspace.remove();
  });

  const start = (...args: string[]) => {
    const programs = join(workspace.dir, "programs");
    const env = {
      PATH: `${programs}${delimiter}${process.env.PATH}`,
      FAKE_DOCKER: programs,
      EVAL_TOKEN: "the-token",
      SECRET: "42",
    };
    cli = new CliProcess(["-a", "-l", "http://localhost:0/api", "-p", String(port), ...args], {
      cwd: workspace.dir,
      env,
    });
    return cli;
  };

  const calls = () =>
    readFileSync(join(workspace.dir, "programs/log.jsonl"), "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as string[]);

  it("runs the worker's command line after the task's command, and stops the container", async () => {
    const run = start("--host", "0.0.0.0", "-s", "boxed", "1", "echo", "1");
    await run.seen(/All 2 workers are registered/);
    expect(run.stdout).toContain(`boxed:${port} | from inside 42\n`);
    expect(run.stdout).not.toContain("not run");
    expect(calls()).toHaveLength(1);
    const words = calls()[0] as string[];
    const script = words.pop() ?? "";
    const name = words[words.indexOf("--name") + 1] as string;
    expect(name).toMatch(new RegExp(`^eval-boxed-${port}-[0-9a-f]{8}$`));
    expect(words).toEqual([
      ...["run", "--rm", "--init", "--name", name, "-p", `0.0.0.0:${port}:${port}`],
      ...["-v", `${workspace.dir}:/root/workspace:ro`, "-w", "/root/workspace"],
      ...["--add-host", "host.docker.internal:host-gateway", "-e", "TINI_KILL_PROCESS_GROUP=1"],
      ...["-e", "SECRET", "-e", "EVAL_TOKEN", "my-image", "bash", "-c"],
    ]);
    expect(script).toMatch(
      /^trap : TERM INT; greeting="from inside"; echo "\$greeting \$SECRET"; node "\$\(npx --yes /,
    );
    expect(script).toContain(" boxed --config configs/start_task.yaml --port ");
    expect(script).toContain(
      ` --port ${port} --self http://localhost:${port}/api --controller http://host.docker.internal:`,
    );
    expect(script).toContain(" --host 0.0.0.0 ");
    expect(words.join(" ") + script).not.toContain("the-token");
    run.signal("SIGTERM");
    expect(await run.exit()).toBe(0);
    expect(run.stderr).toMatch(new RegExp(`Stopped boxed:${port}`));
    expect(run.alive()).toEqual([]);
  });

  it("leaves no container when it is killed with -9", async () => {
    const run = start("--host", "0.0.0.0", "-s", "boxed", "1", "--orphan-timeout", "5");
    await run.seen(/The worker is registered/);
    run.signal("SIGKILL");
    await run.gone();
  });

  it("kills the container if its docker command was killed, and starts another", async () => {
    const run = start("--host", "0.0.0.0", "-s", "boxed", "1", "--restart-delay", "50ms");
    await run.seen(/The worker is registered/);
    process.kill(run.pids("boxed")[0] as number, "SIGKILL");
    await run.seen(/ended unexpectedly \(ended by SIGKILL\): restarting it[\s\S]*Hosting boxed/);
    const [first, kill, second] = calls();
    expect(kill).toEqual(["kill", first?.[4]]);
    expect(second?.[4]).not.toBe(first?.[4]);
    run.signal("SIGTERM");
    expect(await run.exit()).toBe(0);
  });

  it("rejects a controller that containers cannot reach, naming --host", async () => {
    const run = start("-s", "boxed", "1");
    expect(await run.exit()).toBe(2);
    expect(run.stderr).toMatch(
      /listens only on loopback, which a container on Linux cannot reach: .*--host 0\.0\.0\.0/,
    );
    expect(run.stderr).not.toContain("Started");
  });

  it("rejects a configuration that the container cannot access", async () => {
    const other = new Workspace();
    const docker = { image: "my-image" };
    const file = other.config({ boxed: { docker } });
    const run = start("--host", "0.0.0.0", "-c", file, "-s", "boxed", "1");
    expect(await run.exit()).toBe(2);
    other.remove();
    expect(run.stderr).toContain("a container can access only the working directory");
  });
});
