import { CodedError, LivedClock, messageOf, randomId } from "@eval/protocol";
import { isLoopbackHost } from "@eval/protocol/cli";
import { closeServer, listen, ownHostNames } from "@eval/protocol/http-server";
import type { Logger } from "@eval/protocol/logger";
import type { Task } from "@eval/protocol/task";
import { Contact } from "./contact.js";
import { endsWithin } from "./ends-within.js";
import { expiryTickMs, HeartbeatLoop } from "./heartbeat.js";
import { createWorkerServer } from "./server.js";
import { TaskHost } from "./task-host.js";

export interface RunWorkerOptions {
  task: Task;
  /** 0: the system chooses. Default 5001. */
  port?: number;
  /** Default 127.0.0.1. */
  host?: string;
  /** Default http://localhost:5000/api. */
  controller?: string;
  /** Address under which the controller reaches this worker. Default `http://localhost:<port>/api`. */
  self?: string;
  token?: string | undefined;
  /**
   * Host names that requests without a token may use, in addition to loopback names, IP addresses, `host`, this machine's name
   * and the name in `self`. Default: none.
   */
  allowHosts?: readonly string[];
  logger: Logger;
  version?: string;
  /** Milliseconds between two heartbeats. Default 8,000. */
  heartbeatMs?: number;
  /** How long a canceled task may take to end, in milliseconds. Default 30,000. */
  cancelDeadlineMs?: number;
  /** How long sessions outlive their lease while the controller is unreachable, in milliseconds. Default 30,000. */
  graceMs?: number;
  /** How long a session of a v0.2 controller may be without a turn, in milliseconds. Default 30 minutes. */
  sessionExpireMs?: number;
  maxBodyBytes?: number;
}

export interface RunningWorker {
  port: number;
  /** The address that it registers. */
  address: string;
  host: TaskHost;
  /** Whether the controller has accepted the registration. */
  readonly registered: boolean;
  /** Accepts no new samples, gives running ones `drainMs` to finish, cancels the remaining ones, releases the task. */
  stop(drainMs: number): Promise<void>;
}

/** Hosts a task in this process. Rejects with PORT_IN_USE, MODULE_INVALID, or USAGE for addresses that cannot work. */
export async function runWorker(options: RunWorkerOptions): Promise<RunningWorker> {
  const { task, port = 5001, host = "127.0.0.1", controller = "http://localhost:5000/api", logger, token } = options;
  assertReachable(options.self, host, controller);
  const incarnation = randomId();
  const clock = new LivedClock(() => performance.now(), expiryTickMs);
  const contact = new Contact(() => clock.now());
  const { cancelDeadlineMs, sessionExpireMs, graceMs, maxBodyBytes, heartbeatMs, version = "0.0.0" } = options;
  const tasks = await TaskHost.create(task, {
    logger,
    now: () => clock.now(),
    ...(cancelDeadlineMs !== undefined && { cancelDeadlineMs }),
    ...(sessionExpireMs !== undefined && { sessionExpireMs }),
  });
  const limits = maxBodyBytes === undefined ? {} : { maxBodyBytes };
  const given = [
    ...(options.allowHosts ?? []),
    ...(options.self === undefined ? [] : [new URL(options.self).hostname]),
  ];
  const hostNames = ownHostNames(host, given);
  const server = createWorkerServer({
    host: tasks,
    incarnation,
    contact,
    logger,
    version,
    token,
    hostNames,
    ...limits,
  });
  const actualPort = await listen(server, { port, host });
  const address = options.self ?? `http://localhost:${actualPort}/api`;
  const beats = new HeartbeatLoop({
    ...{ host: tasks, incarnation, controller, self: address, token, contact, logger },
    ...(heartbeatMs !== undefined && { intervalMs: heartbeatMs }),
    ...(graceMs !== undefined && { graceMs }),
  });
  beats.start();
  return {
    port: actualPort,
    address,
    host: tasks,
    get registered() {
      return beats.registered;
    },
    stop: async (drainMs) => {
      await endSessions(tasks, beats, drainMs);
      await beats.stop();
      await closeServer(server);
      await release(task, logger);
    },
  };
}

/** Notifies the controller first, so that it places no more sessions here. */
async function endSessions(tasks: TaskHost, beats: HeartbeatLoop, drainMs: number): Promise<void> {
  const drained = tasks.drain(drainMs);
  await endsWithin(beats.announce(), 2_000);
  if (await drained) return;
  void tasks.cancelAll();
  // Bounded: a task that ignores its cancellation is dropped after the deadline.
  await tasks.ended();
}

/** A controller on another host cannot use a worker whose address is reachable only from its own host. */
function assertReachable(self: string | undefined, host: string, controller: string): void {
  assertAddress(controller, "http://localhost:5000/api");
  if (self !== undefined) assertAddress(self, "http://localhost:5001/api");
  const { hostname } = new URL(controller);
  // From inside a container, the machine that it runs on; there the worker's port is published to the loopback.
  if (isLoopbackHost(hostname) || hostname === "host.docker.internal") return;
  if (self === undefined || isLoopbackHost(new URL(self).hostname)) {
    const what = `The controller at ${controller} cannot reach this worker at ${self ?? "http://localhost"}`;
    throw new CodedError("USAGE", `${what}: set --self to an address of this host, and --host to listen on it`);
  }
  if (isLoopbackHost(host)) {
    throw new CodedError("USAGE", `The worker listens only on ${host}, so ${self} cannot reach it: set --host too`);
  }
}

function assertAddress(address: string, example: string): void {
  if (/^https?:$/.test(URL.canParse(address) ? new URL(address).protocol : "")) return;
  throw new CodedError("USAGE", `"${address}" is not an HTTP address: use a form like ${example}`);
}

async function release(task: Task, logger: Logger): Promise<void> {
  try {
    await task.release?.();
  } catch (error) {
    logger.error(`Task ${task.name} failed to release its resources: ${messageOf(error)}`);
  }
}
