import { randomBytes } from "node:crypto";
import { npxArguments } from "../bins/npx-command.js";
import { configInside } from "../plan/config-inside.js";
import type { PlannedWorker } from "../plan/launch-plan.js";
import type { DockerSettings } from "../plan/task-definition.js";
import type { ChildCommand } from "../processes/child-command.js";
import type { WorkerSettings } from "./launch-settings.js";
import { workerFlags } from "./node-command.js";
import { shellQuote } from "./shell-quote.js";

/** Where the working directory is mounted, as v0.2 has it. */
const workspace = "/root/workspace";

/** The host, seen from inside a container. */
const hostName = "host.docker.internal";

/** Docker Desktop knows the name by itself, Docker on Linux does not. */
const addHost = ["--add-host", `${hostName}:host-gateway`];

export interface DockerContext {
  docker: DockerSettings;
  /** Packages to install in the container in addition to the worker's. */
  packages: readonly string[];
  /** Of the worker's package. */
  version: string;
  token: string | undefined;
  env: Record<string, string>;
  /** Absolute. */
  cwd: string;
}

/** `docker run ...` for one worker. A new container name each time: the last one may not be gone yet. */
export function dockerCommand(worker: PlannedWorker, settings: WorkerSettings, context: DockerContext): ChildCommand {
  const { docker, cwd, token } = context;
  const { port } = worker;
  const container = containerName(worker.task, port);
  const env = token === undefined ? context.env : { ...context.env, EVAL_TOKEN: token };
  const passed = [...new Set([...worker.environment, ...(token === undefined ? [] : ["EVAL_TOKEN"])])];
  const args = [
    ...["run", "--rm", "--init", "--name", container],
    ...["-p", `${bracketed(settings.host)}:${port}:${port}`],
    ...["-v", `${cwd}:${workspace}:ro`, "-w", workspace],
    ...(controllerFromInside(settings.controller) === settings.controller ? [] : addHost),
    // With this set, docker's init sends a signal to the whole group: to the worker, not only to its shell.
    ...["-e", "TINI_KILL_PROCESS_GROUP=1"],
    ...passed.flatMap((name) => ["-e", name]),
    ...[docker.image, "bash", "-c", script(worker, settings, context)],
  ];
  return { file: "docker", args, env, cwd, container };
}

/**
 * What bash runs inside. The trap keeps bash alive while the worker drains (what it starts gets the signals as
 * usual); `command` is placed directly before the worker's command line.
 */
function script(worker: PlannedWorker, settings: WorkerSettings, context: DockerContext): string {
  const { docker, packages, version, token, cwd } = context;
  const install = ["npx", ...npxArguments({ roles: ["worker"], packages, version })].map(shellQuote).join(" ");
  const inside: WorkerSettings = {
    ...settings,
    controller: controllerFromInside(settings.controller),
    host: "0.0.0.0",
    insecure: token === undefined,
  };
  const flags = [worker.task, "--config", configInside(settings.config, cwd), ...workerFlags(worker.port, inside)];
  const command = docker.command.trim() === "" ? "" : `${docker.command} `;
  return `trap : TERM INT; ${command}node "$(${install})" ${flags.map(shellQuote).join(" ")}`;
}

function controllerFromInside(address: string): string {
  return address.replace(
    /^(https?:\/\/(?:[^@/]*@)?)(localhost|[\w.-]*\.localhost|127(?:\.\d+){3}|\[::1\])(?=[:/])/i,
    `$1${hostName}`,
  );
}

function containerName(task: string, port: number): string {
  const safe = task.replace(/[^\w.-]+/g, "-");
  return `eval-${safe}-${port}-${randomBytes(4).toString("hex")}`;
}

function bracketed(host: string): string {
  return host.includes(":") && !host.startsWith("[") ? `[${host}]` : host;
}
