import { randomId } from "@eval/protocol";
import { closeServer, listen, ownHostNames } from "@eval/protocol/http-server";
import type { Logger } from "@eval/protocol/logger";
import { Controller } from "./controller.js";
import type { ControllerLimits } from "./limits.js";
import { Reaper } from "./reaper.js";
import { createControllerServer } from "./server.js";

export interface RunControllerOptions extends Partial<ControllerLimits> {
  /** 0: the system chooses. Default 5000. */
  port?: number;
  /** Default 127.0.0.1. */
  host?: string;
  token?: string | undefined;
  /**
   * Host names that requests without a token may use, in addition to loopback names, IP addresses, `host` and this machine's
   * name. Default: none.
   */
  allowHosts?: readonly string[];
  logger: Logger;
  version?: string;
  maxBodyBytes?: number;
}

export interface RunningController {
  port: number;
  /** The address for clients and workers, such as `http://localhost:5000/api`. */
  address: string;
  controller: Controller;
  /** Stops listening and lets running requests end, for up to 5 s. */
  stop(): Promise<void>;
}

/** Starts a controller in this process. Rejects with PORT_IN_USE. */
export async function runController(options: RunControllerOptions): Promise<RunningController> {
  const { port = 5000, host = "127.0.0.1", version = "0.0.0", maxBodyBytes, allowHosts, ...rest } = options;
  const controller = new Controller({ ...rest, hostNames: ownHostNames(host, allowHosts), instance: randomId() });
  const server = createControllerServer(controller, { version, ...(maxBodyBytes !== undefined && { maxBodyBytes }) });
  const actualPort = await listen(server, { port, host });
  const reaper = new Reaper(controller);
  reaper.start();
  const shownHost = host === "127.0.0.1" || host === "0.0.0.0" || host === "::" ? "localhost" : host;
  return {
    port: actualPort,
    address: `http://${shownHost.includes(":") ? `[${shownHost}]` : shownHost}:${actualPort}/api`,
    controller,
    stop: async () => {
      reaper.stop();
      await closeServer(server);
      await controller.stop();
    },
  };
}
