import { CodedError, controllerRoutes, isCodedError, randomId } from "@eval/protocol";
import { isLoopbackHost } from "@eval/protocol/cli";
import { ConfigProblems, describeValue, resolveEnvReferences } from "@eval/protocol/config";
import { createClient } from "@eval/protocol/http-client";
import type { StartTaskOptions } from "../options.js";
import {
  type ControllerAddress,
  chooseSelfHost,
  defaultController,
  isWildcardHost,
  parseControllerAddress,
} from "./addresses.js";
import { configInside } from "./config-inside.js";
import { assertDockerWorks } from "./docker-checks.js";
import { assertPortsFree, chooseFreePorts, type WantedPort } from "./free-ports.js";
import { type LaunchPlan, planLaunch } from "./launch-plan.js";
import { probeController } from "./probe-controller.js";
import { loadStartConfig, type StartConfig } from "./start-config.js";

/** Everything that is known before the first process starts. */
export interface Preparation extends LaunchPlan {
  config: StartConfig;
  controller: ControllerAddress;
  /** Where to start the controller; undefined if none is to be started. */
  controllerHost: string | undefined;
  /** Whether a controller answers already. */
  answers: boolean;
  host: string;
  selfHost: string;
  /** Whether something listens beyond this machine and there is no token for it yet. */
  needsToken: boolean;
}

/** Plans and checks. Before anything is started, throws all problems together, as far as they can be detected. */
export async function prepare(options: StartTaskOptions, cwd: string): Promise<Preparation> {
  const draft = await plan(options, cwd);
  const answers = draft.controller.port !== 0 && (await answersAt(draft.controller, options.token));
  const controllerHost = options.autoController && !answers ? hostOfController(draft) : undefined;
  const found = { ...draft, answers, controllerHost };
  const needsToken = checkToken(found, options);
  if (draft.workers.some((worker) => worker.docker)) {
    const { env } = options;
    await assertDockerWorks({ ...found, path: env.PATH ?? env.Path, platform: process.platform });
  }
  await assertPortsFree(wantedPorts(found));
  return { ...found, needsToken, workers: await withPorts(found) };
}

type Draft = Omit<Preparation, "answers" | "controllerHost" | "needsToken">;

async function plan(options: StartTaskOptions, cwd: string): Promise<Draft> {
  const config = await loadStartConfig(options.config ?? "configs/start_task.yaml", cwd);
  for (const warning of config.warnings) options.logger.warn(warning);
  const { host = "127.0.0.1", basePort = 5001, start, env, autoController } = options;
  const problems = new ConfigProblems(config.source);
  const attempt = <Value>(make: () => Value): Value | undefined => {
    try {
      return make();
    } catch (error) {
      if (!isCodedError(error)) throw error;
      problems.add([], error.message, "");
      return undefined;
    }
  };
  const text = options.controller ?? attempt(() => addressInFile(config, env)) ?? defaultController;
  const controller = attempt(() => parseControllerAddress(text));
  const selfHost = controller && attempt(() => chooseSelfHost(host, options.selfHost, controller));
  const controllerPort = controller?.loopback ? controller.port : undefined;
  const launch = planLaunch({ config, start, basePort, controllerPort, env }, problems);
  if (controller?.port === 0 && !autoController) {
    problems.add("--controller", "port 0 requires a controller that start-task starts: add --auto-controller", "");
  }
  if (launch.workers.some((worker) => worker.docker)) attempt(() => configInside(config.file, cwd));
  problems.throwIfAny();
  return { ...launch, config, controller: controller as ControllerAddress, host, selfHost: selfHost as string };
}

function addressInFile({ controller, source }: StartConfig, env: StartTaskOptions["env"]): string | undefined {
  if (controller === undefined) return undefined;
  const { key, value, conflict } = controller;
  if (conflict !== undefined) throw new CodedError("CONFIG_INVALID", `${source}: ${conflict}`);
  if (typeof value === "string") return resolveEnvReferences(value, env, { source, path: [key] });
  throw new CodedError("CONFIG_INVALID", `${source}: ${key}: expected an address, received ${describeValue(value)}`);
}

async function answersAt(controller: ControllerAddress, token: string | undefined): Promise<boolean> {
  const client = createClient(controllerRoutes, { address: controller.text, token, instance: randomId() });
  try {
    return await probeController(client);
  } finally {
    await client.http.close();
  }
}

/** The address for the controller to listen on such that `controller` leads there. */
function hostOfController({ controller, host }: Draft): string {
  if (controller.text.startsWith("https:")) {
    const what = `no controller answers at ${controller.text}`;
    throw new CodedError(
      "USAGE",
      `${what}, and a controller started by start-task supports only http: change the address`,
    );
  }
  if (isWildcardHost(host)) return host;
  return /(^|\.)localhost$/.test(controller.host) ? "127.0.0.1" : controller.host;
}

/** True: one is to be made. It can be only where the controller is started here, and so can be told. */
function checkToken(
  { host, controllerHost }: Draft & { controllerHost: string | undefined },
  options: StartTaskOptions,
) {
  const hosts = controllerHost === undefined ? [host] : [host, controllerHost];
  const open = hosts.find((name) => !isLoopbackHost(name));
  if (open === undefined || options.token !== undefined || options.insecure === true) return false;
  if (controllerHost !== undefined) return true;
  throw new CodedError(
    "USAGE",
    `listening on ${open} is open to other machines: set the controller's token (EVAL_TOKEN or --token), or allow access without a token with --insecure`,
  );
}

function wantedPorts({ workers, host, controller, controllerHost }: Draft & { controllerHost: string | undefined }) {
  const forWorkers: WantedPort[] = workers.map(({ port, task }) => ({ port, host, label: task }));
  const { port } = controller;
  const all = controllerHost === undefined ? [] : [{ port, host: controllerHost, label: "controller" }];
  // Port 0 is tried as well: that tells whether the host is this machine's.
  return [...all, ...forWorkers];
}

/** A container's port is published, and a name other than localhost told, before the worker runs: these are chosen here. */
async function withPorts({ workers, host, selfHost }: Draft): Promise<LaunchPlan["workers"]> {
  const open = workers.filter((worker) => worker.port === 0 && (worker.docker || selfHost !== "localhost"));
  const ports = await chooseFreePorts(open.length, host);
  return workers.map((worker) => {
    const at = open.indexOf(worker);
    return at < 0 ? worker : { ...worker, port: ports[at] as number };
  });
}
