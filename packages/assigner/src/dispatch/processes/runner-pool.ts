import { LivedClock, messageOf } from "@eval/protocol";
import type { LogFields, Logger, LogLevel } from "@eval/protocol/logger";
import type { RunnerDescriptor } from "../runner.js";
import { forkRunner, type ProcessAdapter, type ProcessEvents } from "./process-adapter.js";
import { RunnerHost } from "./runner-worker.js";

export interface RunnerPoolOptions {
  descriptors: readonly RunnerDescriptor[];
  /** The parameter for each runner; structured-cloneable. */
  param: () => unknown;
  cwd: string;
  /** Handles a runner's message; the return value is sent back to it. */
  onRequest: (runner: string, message: unknown) => Promise<unknown>;
  /** Called before a runner's process is started. Every process has its own id, `<slot>.<generation>`. */
  onStart?: (runner: string) => void;
  /** Called when a runner is created and waits to run. */
  onReady?: (runner: string) => void;
  /** Called when a runner's process is gone: nothing of it is running, and no more messages will arrive. */
  onGone?: (runner: string, why: string) => Promise<void>;
  logger: Logger;
  /** Aborts when the run is stopped. */
  stopped: AbortSignal;
  /** A process that is silent for this long is killed, in milliseconds. Default 30,000. */
  deadlineMs?: number;
  /** How long runners may take to end their attempts after the run is stopped, in milliseconds. Default 10,000. */
  stopMs?: number;
  /** Starts a process. Default: forks one. */
  fork?: (cwd: string, events: ProcessEvents) => ProcessAdapter;
}

/** Runners in separate processes, each replaced when it is lost. For any center that needs such runners. */
export class RunnerPool {
  #hosts: RunnerHost[] = [];
  #looking: NodeJS.Timeout | undefined;

  constructor(private readonly options: RunnerPoolOptions) {}

  /** Starts all processes. Rejects with the reason of a failed start if no runner could be created. */
  async launch(): Promise<void> {
    const { descriptors, deadlineMs = 30_000, stopped } = this.options;
    const tickMs = Math.min(1_000, deadlineMs / 10);
    // After a suspension of the machine or the process group, runners must not count as dead.
    const clock = new LivedClock(() => performance.now(), tickMs);
    const wanted = descriptors.flatMap((descriptor) => Array.from({ length: descriptor.count }, () => descriptor));
    this.#hosts = wanted.map((descriptor, at) =>
      this.#host(descriptor, at + 1, { now: () => clock.now(), deadlineMs }),
    );
    this.#looking = setInterval(() => {
      const now = clock.now();
      for (const { life } of this.#hosts) life.check(now);
    }, tickMs);
    stopped.addEventListener("abort", this.#stop);
    if (stopped.aborted) this.#stop();
    try {
      await Promise.all(this.#hosts.map((host) => host.launched()));
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /** Lets the runners run until all are done. A runner that fails ends the run; the pool waits for the others. */
  async run(stop: (reason: string) => void): Promise<void> {
    const runs = this.#hosts.map(async (host) => {
      try {
        await host.run();
      } catch (error) {
        stop(`a runner failed: ${messageOf(error)}`);
        throw error;
      }
    });
    const failure = (await Promise.allSettled(runs)).find(({ status }) => status === "rejected");
    if (failure?.status === "rejected") throw failure.reason;
  }

  /** The runner did useful work: if it is lost, it is replaced without a growing delay. */
  proved(runner: string): void {
    this.#hosts.find(({ life }) => life.id === runner)?.proved();
  }

  /** The run is over: runners that are lost from now on are not replaced. */
  retire(): void {
    for (const host of this.#hosts) host.retire();
  }

  /** Ends all processes. Resolves when they are gone. */
  async close(): Promise<void> {
    this.options.stopped.removeEventListener("abort", this.#stop);
    await Promise.all(this.#hosts.map((host) => host.close()));
    clearInterval(this.#looking);
  }

  readonly #stop = () => {
    for (const host of this.#hosts) host.stop(messageOf(this.options.stopped.reason));
  };

  #host(descriptor: RunnerDescriptor, slot: number, liveness: { now: () => number; deadlineMs: number }): RunnerHost {
    const { cwd, param, stopped, onRequest, logger, fork = forkRunner, stopMs = 10_000 } = this.options;
    const { onStart = () => {}, onReady = () => {}, onGone = async () => {} } = this.options;
    return new RunnerHost({
      ...liveness,
      ...{ slot, param, stopped, stopMs, onRequest, onStart, onReady, onGone },
      ...{ module: descriptor.module, export: descriptor.export },
      logger: prefixed(logger, `runner ${slot} | `),
      fork: (events) => fork(cwd, events),
    });
  }
}

function prefixed(logger: Logger, prefix: string): Logger {
  const at = (level: LogLevel) => (message: string, fields?: LogFields) => logger[level](prefix + message, fields);
  const child = (fields: LogFields) => prefixed(logger.child(fields), prefix);
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error"), child };
}
