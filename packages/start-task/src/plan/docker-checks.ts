import { existsSync } from "node:fs";
import { connect } from "node:net";
import { networkInterfaces } from "node:os";
import { delimiter, join } from "node:path";
import { CodedError } from "@eval/protocol";
import { isLoopbackHost } from "@eval/protocol/cli";
import type { ControllerAddress } from "./addresses.js";

export interface DockerQuestion {
  controller: ControllerAddress;
  /** Where start-task is going to start the controller; undefined if one runs, or is to come. */
  controllerHost: string | undefined;
  /** Whether a controller answers now. */
  answers: boolean;
  path: string | undefined;
  platform: NodeJS.Platform;
}

/** Throws USAGE if workers in containers cannot work: no docker, or a controller that they do not reach. */
export async function assertDockerWorks(question: DockerQuestion): Promise<void> {
  const { controller, controllerHost, answers, path, platform } = question;
  if (!isOnPath("docker", path ?? "", platform)) {
    throw new CodedError("USAGE", "tasks with docker.image require docker, which is not on the PATH: install it");
  }
  // Elsewhere, docker's virtual machine hands a container's connections on to the host's loopback.
  if (platform !== "linux" || !controller.loopback) return;
  const ownLoopback = controllerHost !== undefined && isLoopbackHost(controllerHost);
  const othersLoopback = controllerHost === undefined && answers && !(await answersBeyondLoopback(controller.port));
  if (!ownLoopback && !othersLoopback) return;
  const remedy = ownLoopback
    ? "set --host 0.0.0.0"
    : "start it with --host 0.0.0.0 and a token, and set EVAL_TOKEN to this token for start-task";
  throw new CodedError(
    "USAGE",
    `the controller at ${controller.text} listens only on loopback, which a container on Linux cannot reach: ${remedy}`,
  );
}

function isOnPath(command: string, path: string, platform: NodeJS.Platform): boolean {
  const names = platform === "win32" ? [`${command}.exe`, `${command}.cmd`] : [command];
  return path.split(delimiter).some((folder) => names.some((name) => folder !== "" && existsSync(join(folder, name))));
}

/** Tries the port at this host's other addresses; true if there is none to try. */
async function answersBeyondLoopback(port: number): Promise<boolean> {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  const beyond = addresses.filter(({ internal, family }) => !internal && family === "IPv4");
  if (beyond.length === 0) return true;
  const answers = await Promise.all(beyond.map(({ address }) => accepts(address, port)));
  return answers.includes(true);
}

function accepts(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: 2_000 });
    const done = (result: boolean) => {
      socket.destroy();
      resolve(result);
    };
    socket.once("connect", () => done(true));
    socket.once("timeout", () => done(false));
    socket.once("error", () => done(false));
  });
}
