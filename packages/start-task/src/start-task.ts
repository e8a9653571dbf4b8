import { spawn } from "node:child_process";
import { resolve } from "node:path";
import { readPackageVersion } from "@eval/protocol/cli";
import { startController } from "./auto-controller.js";
import { locateBins } from "./bins/locate-bins.js";
import { workerSpec } from "./commands/worker-spec.js";
import type { Launch } from "./launch.js";
import { type MadeToken, makeToken } from "./made-token.js";
import { defaultLimits, type StartLimits, type StartTaskOptions } from "./options.js";
import { type Preparation, prepare } from "./plan/prepare.js";
import { logEvent } from "./processes/event-log.js";
import { Guardian } from "./processes/guardian.js";
import { ProcessGroup } from "./processes/process-group.js";
import { type RunningTasks, superviseTasks } from "./running-tasks.js";

/**
 * Brings workers, and if asked a controller, up and owns their processes. Resolves when the controller (where one is
 * started) answers and the workers' processes run; `ready` tells when they are registered. Before anything is started
 * it rejects with CONFIG_NOT_FOUND, CONFIG_INVALID, USAGE, PORT_IN_USE, UNAUTHORIZED or UNREACHABLE; later with
 * START_FAILED or TIMEOUT, having stopped what was started.
 */
export async function startTask(given: StartTaskOptions): Promise<RunningTasks> {
  const options = { ...given, token: given.token ?? (given.env.EVAL_TOKEN || undefined) };
  const cwd = resolve(options.cwd ?? process.cwd());
  const limits = { ...defaultLimits, ...options.limits };
  const signal = options.signal ?? new AbortController().signal;
  const prepared = await prepare(options, cwd);
  const version = readPackageVersion(import.meta.url);
  const bins = await locateBins({
    ...{ version, cwd, signal, packages: prepared.packages },
    folders: [cwd, prepared.config.dir, import.meta.dirname],
    ...{ env: options.env, logger: options.logger, spawn: options.spawn ?? spawn, bins: options.bins ?? {} },
    roles: rolesOf(prepared),
    timeoutMs: limits.installTimeoutMs,
  });
  signal.throwIfAborted();
  const made = prepared.needsToken ? makeToken() : undefined;
  const token = made?.token ?? options.token;
  const env = environment(options.env, token);
  return startProcesses({ options, limits, prepared, bins, token, env, cwd, version, signal }, made);
}

async function startProcesses(launch: Launch, made: MadeToken | undefined): Promise<RunningTasks> {
  const { options, limits, prepared, signal } = launch;
  const { logger } = options;
  const spawnProcess = options.spawn ?? spawn;
  const guardian = new Guardian({ spawn: spawnProcess, logger, orphanTimeoutMs: limits.orphanTimeoutMs });
  const group = new ProcessGroup({
    ...{ guardian, spawn: spawnProcess, restarts: restartsOf(limits), now: () => performance.now() },
    stdout: options.stdout ?? process.stdout,
    stderr: options.stderr ?? process.stderr,
    onEvent: (event) => {
      logEvent(event, logger);
      options.onEvent?.(event);
    },
  });
  if (made !== undefined) guardian.ownFile(made.folder);
  try {
    const controller = await startController(launch, group);
    for (const worker of prepared.workers) group.start(workerSpec(worker, launch, controller.address));
    signal.throwIfAborted();
    return superviseTasks(launch, group, controller, made?.file);
  } catch (error) {
    await group.stop();
    throw error;
  }
}

function rolesOf({ workers, controllerHost }: Preparation): ("worker" | "controller")[] {
  const onHost = workers.some((worker) => worker.docker === undefined);
  return [...(onHost ? (["worker"] as const) : []), ...(controllerHost === undefined ? [] : (["controller"] as const))];
}

/** The longest delay between two restarts, in milliseconds. */
const maxDelayMs = 30_000;

function restartsOf({ restartLimit, restartWindowMs, restartDelayMs }: StartLimits) {
  return { limit: restartLimit, windowMs: restartWindowMs, delayMs: restartDelayMs, maxDelayMs };
}

function environment(env: StartTaskOptions["env"], token: string | undefined): Record<string, string> {
  const set = Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return { ...Object.fromEntries(set), ...(token !== undefined && { EVAL_TOKEN: token }) };
}
