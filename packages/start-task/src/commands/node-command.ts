import { pathToFileURL } from "node:url";
import { workerAddress } from "../plan/addresses.js";
import type { ChildCommand } from "../processes/child-command.js";
import { ownScript } from "../processes/own-script.js";
import type { ControllerSettings, WorkerSettings } from "./launch-settings.js";

export interface NodeProgram {
  /** The JavaScript file of the bin. */
  bin: string;
  env: Record<string, string>;
  cwd: string;
  /** How long the process may take to end after start-task has ended, in milliseconds. */
  orphanTimeoutMs: number;
}

/** `node <bin> NAME ...`: a worker on this host. */
export function workerCommand(
  task: string,
  port: number,
  settings: WorkerSettings,
  program: NodeProgram,
): ChildCommand {
  const config = ["--config", settings.config];
  return nodeCommand([task, ...config, ...workerFlags(port, settings)], program);
}

/** A worker's flags but for NAME and --config. With port 0 the worker derives its own address. */
export function workerFlags(port: number, settings: WorkerSettings): string[] {
  const self = port === 0 ? [] : ["--self", workerAddress(settings.selfHost, port)];
  return [
    ...["--port", String(port), ...self, "--controller", settings.controller, "--host", settings.host],
    ...["--drain-timeout", String(settings.drainTimeoutS)],
    ...commonFlags(settings),
  ];
}

/** `node <bin> --port ...`: a controller on this host. */
export function controllerCommand(settings: ControllerSettings, program: NodeProgram): ChildCommand {
  const flags = ["--port", String(settings.port), "--host", settings.host, ...commonFlags(settings)];
  return nodeCommand(flags, program);
}

function commonFlags({
  insecure,
  allowHosts,
  logLevel,
  logFormat,
}: Omit<ControllerSettings, "host" | "port">): string[] {
  return [
    ...(insecure ? ["--insecure"] : []),
    ...allowHosts.flatMap((name) => ["--allow-host", name]),
    ...(logLevel === undefined ? [] : ["--log-level", logLevel]),
    ...(logFormat === undefined ? [] : ["--log-format", logFormat]),
  ];
}

function nodeCommand(args: string[], { bin, env, cwd, orphanTimeoutMs }: NodeProgram): ChildCommand {
  const watch = new URL(`?deadline=${orphanTimeoutMs}`, pathToFileURL(ownScript("parent-watch.js")));
  return { file: process.execPath, args: ["--import", watch.href, bin, ...args], env, cwd };
}
