/**
 * A `docker` without containers: `run` writes its arguments down and runs the container's command here, in a group of
 * its own that outlives the docker command, as a container does; signals go to the whole group, as `--init` with
 * TINI_KILL_PROCESS_GROUP has it. `kill NAME` kills the group.
 */
export const fakeDocker = `
const { spawn } = require("node:child_process");
const { appendFileSync, readFileSync, rmSync, writeFileSync } = require("node:fs");
const { join } = require("node:path");
const [verb, ...args] = process.argv.slice(2);
const state = process.env.FAKE_DOCKER;
appendFileSync(join(state, "log.jsonl"), JSON.stringify([verb, ...args]) + "\\n");
const pidFile = (name) => join(state, name + ".pid");
if (verb === "kill") {
  try { process.kill(-Number(readFileSync(pidFile(args[0]), "utf8")), "SIGKILL"); }
  catch { console.error("No such container: " + args[0]); process.exit(1); }
} else {
  const options = { "-e": [] };
  while (args[0].startsWith("-")) {
    const flag = args.shift();
    if (flag === "--rm" || flag === "--init") continue;
    if (flag === "-e") options["-e"].push(args.shift());
    else options[flag] = args.shift();
  }
  const [image, ...command] = args;
  const env = { PATH: process.env.PATH, HOME: process.env.HOME, START_TASK_TEST_MARK: process.env.START_TASK_TEST_MARK };
  for (const item of options["-e"]) {
    const [name, value] = item.split("=");
    const given = value ?? process.env[name];
    if (given !== undefined) env[name] = given;
  }
  const cwd = options["-v"].split(":")[0];
  const real = command.map((word) => word.replaceAll("host.docker.internal", "localhost"));
  const child = spawn(real[0], real.slice(1), { cwd, env, stdio: ["ignore", "inherit", "inherit"], detached: true });
  writeFileSync(pidFile(options["--name"]), String(child.pid));
  for (const signal of ["SIGTERM", "SIGINT"]) process.on(signal, () => process.kill(-child.pid, signal));
  child.on("exit", (code, signal) => {
    rmSync(pidFile(options["--name"]));
    process.exit(signal === "SIGKILL" ? 137 : code ?? 143);
  });
}
`;

/** An `npx` that has everything: prints the path of the worker's bin, and writes its arguments down. */
export function fakeNpx(paths: readonly string[]): string {
  return `
require("node:fs").writeFileSync(process.env.FAKE_NPX_LOG ?? "/dev/null", JSON.stringify(process.argv.slice(2)));
console.error("added 12 packages");
for (const path of ${JSON.stringify(paths)}) console.log(path);
`;
}
