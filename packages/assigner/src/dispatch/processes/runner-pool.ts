import { LivedClock, messageOf } from "@eval/protocol";
import type { LogFields, Logger, LogLevel } from "@eval/protocol/logger";
import type { RunnerDescriptor } from "../runner.js";
import { forkRunner, type ProcessAdapter, type ProcessEvents } from "./process-adapter.js";
import { RunnerHost } from "./runner-worker.js";

export interface RunnerPoolOptions {
  descriptors: readonly RunnerDescriptor[];
  /** What is sent to each runner; structured-cloneable. */
  param: () => unknown;
  cwd: string;
  /** A runner's message; the answer goes back to it. */
  onRequest: (runner: string, message: unknown) => Promise<unknown>;
  /** A runner's process is about to be started. Every process has an id of its own, `<slot>.<generation>`. */
  onStart?: (runner: string) => void;
  /** A runner is made and waits to run. */
  onReady?: (runner: string) => void;
  /** A runner's process is gone: nothing of it runs any more, and nothing more will be heard of it. */
  onGone?: (runner: string, why: string) => Promise<void>;
  logger: Logger;
  /** Aborts when the run is stopped. */
  stopped: AbortSignal;
  /** A process that is silent for so long is killed, in milliseconds. Default 30,000. */
  deadlineMs?: number;
  /** How long runners may take to end what runs once the run is stopped, in milliseconds. Default 10,000. */
  stopMs?: number;
  /** Default: forks a process. */
  fork?: (cwd: string, events: ProcessEvents) => ProcessAdapter;
}

/** Runners in processes of their own, each replaced when it is lost. For every centre that wants such runners. */
export class RunnerPool {
  #hosts: RunnerHost[] = [];
  #looking: NodeJS.Timeout | undefined;

  constructor(private readonly options: RunnerPoolOptions) {}

  /** Starts all processes. Rejects with what kept a runner from being made, when none is left. */
  async launch(): Promise<void> {
    const { descriptors, deadlineMs = 30_000, stopped } = this.options;
    const tickMs = Math.min(1_000, deadlineMs / 10);
    // A machine that was asleep, or a stopped process group, must not find all runners dead.
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

  /** Lets the runners run until all are done. A runner that fails ends the run; the others are waited for. */
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

  /** A runner has been of use: when it is lost it is replaced at once, and not after a growing delay. */
  proved(runner: string): void {
    this.#hosts.find(({ life }) => life.id === runner)?.proved();
  }

  /** There is nothing more to run: runners that are lost from now on are not replaced. */
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
