import { CodedError, controllerRoutes, randomId } from "@eval/protocol";
import { createClient } from "@eval/protocol/http-client";
import type { KnownController } from "./auto-controller.js";
import type { Launch } from "./launch.js";
import { waitUntilReady } from "./plan/wait-until-ready.js";
import type { ProcessInfo } from "./processes/launch-event.js";
import type { ProcessGroup } from "./processes/process-group.js";
import type { Supervisor } from "./processes/supervisor.js";

/** The processes that {@link startTask} started. */
export interface RunningTasks {
  controllerAddress: string;
  /** As they are now, in the order of their ports. */
  readonly workers: readonly ProcessInfo[];
  /** Undefined if the controller is not ours. */
  readonly controller: ProcessInfo | undefined;
  /** The token that the controller and the workers require; undefined if they require none. */
  token: string | undefined;
  /** Where a token that was made here can be read. Removed at the end. */
  tokenFile: string | undefined;
  /**
   * Resolves when the controller lists every worker as alive. Rejects with TIMEOUT, or START_FAILED where one is given
   * up or all are stopped before; the other workers go on.
   */
  ready: Promise<void>;
  /**
   * Resolves when nothing is left running: with undefined if it was stopped, with START_FAILED where no worker, or
   * not the controller, could be kept running.
   */
  ended: Promise<CodedError | undefined>;
  /** Ends the workers, then the controller, each within its deadline. */
  stop(): Promise<void>;
  /** Kills all processes immediately. Synchronous, for a program that is about to exit. */
  kill(): void;
}

export function superviseTasks(
  launch: Launch,
  group: ProcessGroup,
  controller: KnownController,
  tokenFile: string | undefined,
): RunningTasks {
  const leaving = new AbortController();
  const leave = () => leaving.abort(new CodedError("START_FAILED", "stopped before all workers were registered"));
  const ended = untilEnded(group, controller.supervisor, () => leaving.signal.aborted).finally(leave);
  const ready = untilReady(launch, group, controller.address, leaving.signal);
  // Without a handler, a rejection must not be reported as unhandled.
  ready.catch(() => {});
  return {
    controllerAddress: controller.address,
    get workers() {
      return group.workers.map((worker) => worker.info);
    },
    get controller() {
      return controller.supervisor?.info;
    },
    ...{ token: launch.token, tokenFile, ready, ended },
    stop: async () => {
      leave();
      await group.stop();
    },
    kill: () => {
      leave();
      group.kill();
    },
  };
}

async function untilReady(launch: Launch, group: ProcessGroup, address: string, signal: AbortSignal): Promise<void> {
  const client = createClient(controllerRoutes, { address, token: launch.token, instance: randomId(), connections: 1 });
  const failed = new AbortController();
  for (const worker of group.workers) {
    void worker.ended.then(() => {
      if (worker.failure !== undefined) failed.abort(givenUp([worker]));
    });
  }
  try {
    await waitUntilReady({
      ...{
        client,
        workers: () => group.workers,
        timeoutMs: launch.limits.readyTimeoutMs,
        now: () => performance.now(),
      },
      signal: AbortSignal.any([signal, failed.signal]),
    });
  } catch (error) {
    // An aborted sleep throws its own error.
    throw failed.signal.reason ?? signal.reason ?? error;
  } finally {
    await client.http.close();
  }
}

async function untilEnded(
  group: ProcessGroup,
  controller: Supervisor | undefined,
  wasStopped: () => boolean,
): Promise<CodedError | undefined> {
  const workers = Promise.all(group.workers.map((worker) => worker.ended));
  await (controller === undefined ? workers : Promise.race([workers, controller.ended]));
  const failure = wasStopped() ? undefined : givenUp(controller?.failure ? [controller] : group.workers);
  await group.stop();
  return failure;
}

function givenUp(supervisors: readonly Supervisor[]): CodedError {
  const whys = supervisors.map(({ label, failure }) => `${label}: ${failure}`);
  return new CodedError("START_FAILED", `no longer running: ${whys.join("; ")}`);
}
