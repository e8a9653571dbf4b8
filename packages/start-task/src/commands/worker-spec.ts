import type { Launch } from "../launch.js";
import { workerAddress } from "../plan/addresses.js";
import type { PlannedWorker } from "../plan/launch-plan.js";
import type { ProcessSpec } from "../processes/supervisor.js";
import { dockerCommand } from "./docker-command.js";
import type { WorkerSettings } from "./launch-settings.js";
import { workerCommand } from "./node-command.js";

/** The specification of the process for one worker of the plan. */
export function workerSpec(worker: PlannedWorker, launch: Launch, controller: string): ProcessSpec {
  const { limits, prepared, cwd, env, token, version } = launch;
  const settings = settingsOf(launch, controller);
  const { docker, task, number, port } = worker;
  const program = { bin: launch.bins.get("worker") ?? "", env, cwd, orphanTimeoutMs: limits.orphanTimeoutMs };
  return {
    ...{ role: "worker", task, number, port, silent: docker !== undefined },
    ...(port !== 0 && { address: workerAddress(settings.selfHost, port) }),
    stopTimeoutMs: limits.drainTimeoutMs + limits.stopTimeoutMs,
    command: (actualPort) =>
      docker === undefined
        ? workerCommand(task, actualPort, settings, program)
        : dockerCommand(worker, settings, { docker, packages: prepared.packages, version, token, env, cwd }),
  };
}

function settingsOf({ options, prepared, limits, token }: Launch, controller: string): WorkerSettings {
  return {
    controller,
    config: prepared.config.file,
    host: prepared.host,
    selfHost: prepared.selfHost,
    insecure: options.insecure === true && token === undefined,
    allowHosts: options.allowHosts ?? [],
    drainTimeoutS: limits.drainTimeoutMs / 1000,
    logLevel: options.logLevel,
    logFormat: options.logFormat,
  };
}
