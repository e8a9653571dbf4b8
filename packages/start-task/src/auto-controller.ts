import { setTimeout as sleep } from "node:timers/promises";
import { CodedError, controllerRoutes, randomId } from "@eval/protocol";
import { createClient } from "@eval/protocol/http-client";
import { controllerCommand } from "./commands/node-command.js";
import type { Launch } from "./launch.js";
import type { ControllerAddress } from "./plan/addresses.js";
import { probeController } from "./plan/probe-controller.js";
import type { ProcessGroup } from "./processes/process-group.js";
import type { Supervisor } from "./processes/supervisor.js";

export interface KnownController {
  /** Address that workers and clients are given. */
  address: string;
  /** Undefined if it is not ours. */
  supervisor: Supervisor | undefined;
}

/** Starts the controller if that is to be done, and waits until it answers. Rejects with START_FAILED or TIMEOUT. */
export async function startController(launch: Launch, group: ProcessGroup): Promise<KnownController> {
  const { prepared, options, limits } = launch;
  const { controller, controllerHost } = prepared;
  if (controllerHost === undefined) {
    if (!prepared.answers) {
      const advice = "start one (npx @eval/controller), or use --auto-controller";
      options.logger.warn(`No controller answers at ${controller.text} yet; the workers will wait for it: ${advice}`);
    }
    return { address: controller.text, supervisor: undefined };
  }
  options.logger.info(`No controller answers at ${controller.text}: starting a controller`);
  const supervisor = group.start({
    ...{ role: "controller", task: "controller", number: 1, port: controller.port },
    stopTimeoutMs: limits.stopTimeoutMs,
    command: (port) => commandOf(launch, controllerHost, port),
  });
  return { address: await untilItAnswers(launch, supervisor), supervisor };
}

function commandOf({ options, prepared, bins, env, cwd, limits, token }: Launch, host: string, port: number) {
  const insecure = options.insecure === true && token === undefined;
  const { logLevel, logFormat } = options;
  const { host: name, loopback } = prepared.controller;
  const allowHosts = [...(loopback ? [] : [name]), ...(options.allowHosts ?? [])];
  const program = { bin: bins.get("controller") ?? "", env, cwd, orphanTimeoutMs: limits.orphanTimeoutMs };
  return controllerCommand({ host, port, insecure, allowHosts, logLevel, logFormat }, program);
}

async function untilItAnswers(launch: Launch, supervisor: Supervisor): Promise<string> {
  const { limits, signal, prepared, token } = launch;
  const deadline = performance.now() + limits.controllerTimeoutMs;
  for (;;) {
    signal.throwIfAborted();
    // Later it is started again; one that ends before it has ever answered will hardly do better.
    if (supervisor.lastExit !== undefined) {
      throw new CodedError("START_FAILED", `the controller could not be started: ${supervisor.lastExit}`);
    }
    const address = addressOf(prepared.controller, supervisor.info.port);
    if (supervisor.address !== undefined && (await answers(address, token))) return address;
    if (performance.now() > deadline) {
      const what = `the started controller does not answer at ${address}`;
      throw new CodedError("TIMEOUT", `${what} after ${limits.controllerTimeoutMs / 1000} s`);
    }
    await sleep(50);
  }
}

function addressOf(controller: ControllerAddress, port: number): string {
  return controller.port === 0 ? controller.text.replace(":0/", `:${port}/`) : controller.text;
}

async function answers(address: string, token: string | undefined): Promise<boolean> {
  const client = createClient(controllerRoutes, { address, token, instance: randomId() });
  try {
    return await probeController(client);
  } finally {
    await client.http.close();
  }
}
