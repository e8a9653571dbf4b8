import { existsSync } from "node:fs";
import { type AddressInfo, createServer, type Server } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { chooseFreePorts } from "./plan/free-ports.js";
import { CliProcess } from "./testing/cli-process.js";
import { waitFor } from "./testing/wait-for.js";
import { Workspace } from "./testing/workspace.js";

const anyPorts = ["-a", "-l", "http://localhost:0/api", "-p", "0"];

describe.skipIf(!existsSync("/proc/self/environ"))("eval-start-task", () => {
  let workspace: Workspace;
  let cli: CliProcess | undefined;

  beforeEach(() => {
    workspace = new Workspace();
  });

  afterEach(() => {
    cli?.destroy();
    workspace.remove();
  });

  const start = (...args: string[]) => {
    cli = new CliProcess(args, { cwd: workspace.dir });
    return cli;
  };

  it("brings a controller and workers up, prefixes their output, and stops all at one SIGTERM", async () => {
    workspace.config({ echo: { say: "ready to\nplay" }, other: {} }, { start: { other: 7 } });
    const [base = 0] = await chooseFreePorts(1, "127.0.0.1");
    const run = start("-a", "-l", "http://localhost:0/api", "-p", String(base), "-s", "echo", "2", "other", "1");
    const [, address] = await run.seen(/All 3 workers are registered at (\S+)/);
    expect(run.stdout).toContain(`echo:${base} | ready to\necho:${base} | play\n`);
    expect(run.stderr).toMatch(new RegExp(`^controller\\S+ \\| .*Listening on ${address}`, "m"));
    const listed = (await (await fetch(`${address}/list_workers`)).json()) as Record<
      string,
      { workers: Record<string, { address: string }> }
    >;
    const addressesOf = (task: string) => Object.values(listed[task]?.workers ?? {}).map((worker) => worker.address);
    expect(addressesOf("echo").sort()).toEqual([`http://localhost:${base}/api`, `http://localhost:${base + 1}/api`]);
    expect(addressesOf("other")).toEqual([`http://localhost:${base + 2}/api`]);
    run.signal("SIGTERM");
    expect(await run.exit()).toBe(0);
    expect(run.alive()).toEqual([]);
    // Workers leave first: the controller is there to hear it.
    expect(run.stderr.lastIndexOf("Stopped echo")).toBeLessThan(run.stderr.indexOf("Stopped controller"));
  });

  it("exits with 130 after a SIGINT", async () => {
    workspace.config({ echo: {} }, { start: { echo: 1 } });
    const run = start(...anyPorts);
    await run.seen(/The worker is registered/);
    run.signal("SIGINT");
    expect(await run.exit()).toBe(130);
    expect(run.alive()).toEqual([]);
  });

  it("can be stopped while it is still starting", async () => {
    workspace.config({ echo: {} }, { start: { echo: 1 } });
    const run = start(...anyPorts);
    await run.seen(/Started controller/);
    run.signal("SIGTERM");
    expect(await run.exit()).toBe(0);
    await run.gone();
  });

  it("leaves no processes when it is killed with -9, not even blocked workers and their children", async () => {
    workspace.config({ echo: { child: true }, stuck: { stuck: true } });
    const run = start(...anyPorts, "-s", "echo", "2", "stuck", "1", "--orphan-timeout", "2");
    await run.seen(/All 3 workers are registered/);
    expect(run.alive().length).toBeGreaterThanOrEqual(7);
    run.signal("SIGKILL");
    await run.gone();
  });

  it("starts a worker that was killed again, at its address", async () => {
    workspace.config({ echo: {} });
    const run = start(...anyPorts, "-s", "echo", "1", "--restart-delay", "100ms");
    await run.seen(/The worker is registered/);
    const [, port] = await run.seen(/echo:(\d+) listens on/);
    process.kill(run.pids("echo")[0] as number, "SIGKILL");
    await run.seen(new RegExp(`echo:${port} ended unexpectedly \\(ended by SIGKILL\\): restarting it in 0.1 s`));
    await run.seen(new RegExp(`ended unexpectedly[\\s\\S]*echo:${port} listens on`));
    run.signal("SIGTERM");
    expect(await run.exit()).toBe(0);
  });

  it("replaces its guard if the guard was killed", async () => {
    workspace.config({ echo: {} }, { start: { echo: 1 } });
    const run = start(...anyPorts, "--orphan-timeout", "1");
    await run.seen(/The worker is registered/);
    const known = [run.child.pid, ...run.pids("echo"), ...run.pids("controller")];
    const guard = () => run.alive().find((pid) => !known.includes(pid));
    const first = guard() as number;
    process.kill(first, "SIGKILL");
    await waitFor("another guard", () => guard() !== undefined && guard() !== first);
    run.signal("SIGKILL");
    await run.gone();
  });

  it("gives up a worker that always crashes, and ends with 1 when nothing is left", async () => {
    workspace.config({ bad: { exit: 7 } });
    const run = start(...anyPorts, "-s", "bad", "1", "--restart-limit", "2", "--restart-delay", "20ms");
    expect(await run.exit()).toBe(1);
    expect(run.pids("bad")).toHaveLength(3);
    expect(run.stderr).toMatch(
      /bad ended unexpectedly \(exit code 4\) and is NOT restarted: it crashed more than 2 times/,
    );
    expect(run.stderr).toMatch(/error: no longer running: bad#1: exit code 4.*START_FAILED/);
    await run.gone();
  });

  it("does not restart a process with a wrong configuration, and continues with the others", async () => {
    workspace.config({ echo: {}, wrong: { concurrency: 0 } });
    const run = start(...anyPorts, "-s", "echo", "1", "wrong", "1");
    await run.seen(
      /wrong ended unexpectedly \(exit code 2\) and is NOT restarted: its usage or configuration is wrong/,
    );
    await run.seen(/Not all workers are registered; continuing with the running ones: .*wrong/);
    await run.seen(/Registered at/);
    expect(run.pids("wrong")).toHaveLength(1);
    run.signal("SIGTERM");
    expect(await run.exit()).toBe(0);
  });

  it("kills processes that do not end within their deadline", async () => {
    workspace.config({ stuck: { stuck: true } });
    const run = start(...anyPorts, "-s", "stuck", "1", "--drain-timeout", "0", "--stop-timeout", "500ms");
    await run.seen(/The worker is registered/);
    await waitFor("the worker to be stuck", () => fetchFails(run));
    run.signal("SIGTERM");
    expect(await run.exit()).toBe(0);
    expect(run.stderr).toMatch(/stuck:\d+ did not end in time and was killed/);
    expect(run.alive()).toEqual([]);
  });

  it("ends at once at the second signal", async () => {
    workspace.config({ stuck: { stuck: true } });
    const run = start(...anyPorts, "-s", "stuck", "1");
    await run.seen(/The worker is registered/);
    await waitFor("the worker to be stuck", () => fetchFails(run));
    run.signal("SIGINT");
    run.signal("SIGINT");
    await run.seen(/Stopping/);
    expect(run.child.exitCode).toBeNull();
    // One right behind another counts as its echo, so it is sent until it counts; without it all would end after 70 s.
    await waitFor("the end", () => run.child.exitCode !== null || !run.child.kill("SIGINT"));
    expect(await run.exit()).toBe(130);
    await run.gone();
  });

  it("reports which workers are missing after the deadline, and continues", async () => {
    workspace.config({ echo: {} }, { start: { echo: 1 }, controller_address: "http://localhost:1/api" });
    const run = start("-p", "0", "--ready-timeout", "1");
    await run.seen(/No controller answers at http:\/\/localhost:1\/api yet; the workers will wait for it/);
    await run.seen(/continuing with the running ones: after 1 s, 1 of 1 workers are not registered.*: echo[:#]\d+/);
    expect(run.alive().length).toBeGreaterThan(1);
    run.signal("SIGTERM");
    expect(await run.exit()).toBe(0);
  });

  it("creates a token when it listens beyond this machine, and removes its file at the end", async () => {
    workspace.config({ echo: {} }, { start: { echo: 1 } });
    const run = start(...anyPorts, "--host", "0.0.0.0");
    const [, file = ""] = await run.seen(
      /Created a token, because the servers listen beyond this machine. It is in (\S+):/,
    );
    const [, address] = await run.seen(/The worker is registered at (\S+)/);
    expect((await fetch(`${address}/list_workers`)).status).toBe(401);
    expect(existsSync(file)).toBe(true);
    run.signal("SIGTERM");
    expect(await run.exit()).toBe(0);
    expect(existsSync(file)).toBe(false);
  });

  it("lists everything that is wrong, with exit code 2, before anything is started", async () => {
    workspace.config({ echo: {}, other: {} });
    const run = start(
      "-s",
      "echo",
      "0",
      "nosuch",
      "2",
      "other",
      "1",
      "other",
      "1",
      "odd",
      "-p",
      "65535",
      "-l",
      "ftp://x",
    );
    expect(await run.exit()).toBe(2);
    expect(run.stderr).toContain('--start: echo: expected a positive integer, received "0"');
    expect(run.stderr).toContain("task nosuch is not defined: it defines echo, other");
    expect(run.stderr).toContain("--start: other is named twice");
    expect(run.stderr).toContain("--start: expected pairs NAME NUM, received 9 words");
    expect(run.stderr).toContain("the highest port is 65535");
    expect(run.stderr).toContain('"ftp://x" is not the address of a controller');
    expect(run.stderr).not.toContain("Started");
  });

  it("shows a minimal file if there is none", async () => {
    const run = start();
    expect(await run.exit()).toBe(2);
    expect(run.stderr).toContain("configuration file not found: configs/start_task.yaml");
    expect(run.stderr).toContain("    controller_address: http://localhost:5000/api");
  });

  it("names every port that is in use, with exit code 1, before anything is started", async () => {
    workspace.config({ echo: {} });
    const { port, servers } = await holdNeighbours();
    const run = start("-a", "-l", "http://localhost:0/api", "-p", String(port), "-s", "echo", "3");
    expect(await run.exit()).toBe(1);
    for (const server of servers) server.close();
    expect(run.stderr).toContain(`in use: ${port} (echo), ${port + 1} (echo)`);
    expect(run.stderr).not.toContain("Started");
  });
});

/** Holds two ports, one after the other in number. */
async function holdNeighbours(): Promise<{ port: number; servers: Server[] }> {
  for (;;) {
    const first = (await listening(0)) as Server;
    const { port } = first.address() as AddressInfo;
    const second = await listening(port + 1);
    if (second) return { port, servers: [first, second] };
    first.close();
  }
}

/** Undefined: somebody else has the port. */
function listening(port: number): Promise<Server | undefined> {
  return new Promise((resolve) => {
    const server = createServer().listen(port, "127.0.0.1", () => resolve(server));
    server.on("error", () => resolve(undefined));
  });
}

/** Whether the one worker has stopped answering. */
async function fetchFails(run: CliProcess): Promise<boolean> {
  const address = /stuck:\d+ listens on (\S+)/.exec(run.stderr)?.[1];
  return fetch(`${address}/worker_status`, { signal: AbortSignal.timeout(500) }).then(
    () => false,
    () => true,
  );
}
