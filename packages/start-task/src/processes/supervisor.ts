import type { Role } from "../bins/find-bin.js";
import { Child, type ChildDependencies, type ChildExit, type Listening } from "./child.js";
import type { ChildCommand } from "./child-command.js";
import type { LaunchEvent, ProcessInfo } from "./launch-event.js";
import { type RestartLimits, RestartPolicy } from "./restart-policy.js";

/** The process to run. */
export interface ProcessSpec {
  role: Role;
  /** The task; `controller` for the controller. */
  task: string;
  /** Tells processes apart that have no port yet. */
  number: number;
  /** 0: the process chooses. */
  port: number;
  /** The address of the process, if it is known before the process reports it. */
  address?: string | undefined;
  /** True if it cannot tell that it listens: inside a container. */
  silent?: boolean;
  /** Created again for every start. */
  command: (port: number) => ChildCommand;
  /** Between SIGTERM and SIGKILL, in milliseconds. */
  stopTimeoutMs: number;
}

export interface SupervisorDependencies extends Omit<ChildDependencies, "prefix" | "onListening"> {
  restarts: RestartLimits;
  /** Monotonic milliseconds. */
  now: () => number;
  onEvent: (event: LaunchEvent) => void;
}

/** Exit codes of our bins that say: wrong usage or configuration. A restart would not help. */
const hopeless = 2;

/** Keeps one process running until it is stopped, or crashes too often. */
export class Supervisor {
  /** Resolves when the process is stopped or given up. */
  readonly ended: Promise<void>;
  /** Why it was given up. */
  failure: string | undefined;
  /** How the process last ended unexpectedly. */
  lastExit: string | undefined;
  #child: Child | undefined;
  #listening: Listening | undefined;
  #timer: NodeJS.Timeout | undefined;
  #stopping = false;
  #resolveEnded: () => void = () => {};
  readonly #policy: RestartPolicy;

  constructor(
    readonly spec: ProcessSpec,
    private readonly dependencies: SupervisorDependencies,
  ) {
    this.#policy = new RestartPolicy(dependencies.restarts);
    this.ended = new Promise((resolve) => {
      this.#resolveEnded = resolve;
    });
  }

  get info(): ProcessInfo {
    const { role, task, port, address } = this.spec;
    const listening = this.#listening;
    const pid = this.#child?.pid;
    return { role, task, pid, port: listening?.port ?? port, address: address ?? listening?.address };
  }

  /** Where it is reached, once it can be: an earlier process at the same address is not it. */
  get address(): string | undefined {
    return this.spec.silent === true || this.#listening !== undefined ? this.info.address : undefined;
  }

  get label(): string {
    const { port } = this.info;
    return port === 0 ? `${this.spec.task}#${this.spec.number}` : `${this.spec.task}:${port}`;
  }

  start(): void {
    if (this.#stopping) return;
    let listened = false;
    const onListening = (listening: Listening) => {
      listened = true;
      this.#listening = listening;
      this.#emit({ type: "listening", process: this.info });
    };
    // A process that chose its own port gets the same port again, so that its address does not change.
    const command = this.spec.command(this.#listening?.port ?? this.spec.port);
    const child = new Child(command, { ...this.dependencies, prefix: () => this.label, onListening });
    this.#child = child;
    this.#emit({ type: "started", process: this.info });
    void child.exited.then((exit) => this.#exited(exit, listened));
  }

  /** Ends it for good. */
  async stop(): Promise<void> {
    if (this.#stopping) return this.ended;
    this.#stopping = true;
    clearTimeout(this.#timer);
    const child = this.#child;
    if (child !== undefined) {
      const asked = await child.stop(this.spec.stopTimeoutMs);
      this.#emit({ type: "stopped", process: { ...this.info, pid: child.pid }, killed: !asked });
    }
    this.#resolveEnded();
  }

  /** Kills the process immediately, in any state. */
  kill(): void {
    this.#stopping = true;
    clearTimeout(this.#timer);
    this.#child?.kill();
    if (this.#child === undefined) this.#resolveEnded();
  }

  #exited(exit: ChildExit, listened: boolean): void {
    this.#child = undefined;
    if (this.#stopping) {
      this.#resolveEnded();
      return;
    }
    this.lastExit = describeExit(exit);
    // The port that it chose may belong to somebody else by now.
    if (!listened) this.#listening = undefined;
    const delayMs = exit.code === hopeless ? undefined : this.#policy.crashed(this.dependencies.now());
    if (delayMs === undefined) this.#giveUp(exit);
    else {
      this.#emit({ type: "crashed", process: this.info, exit: describeExit(exit), restartInMs: delayMs });
      this.#timer = setTimeout(() => this.start(), delayMs);
    }
  }

  #giveUp(exit: ChildExit): void {
    const { limit, windowMs } = this.dependencies.restarts;
    const often = `it crashed more than ${limit} times within ${windowMs / 1000} s`;
    const why = exit.code === hopeless ? "its usage or configuration is wrong" : often;
    this.failure = `${describeExit(exit)}; ${why}`;
    this.#emit({ type: "gave_up", process: this.info, exit: describeExit(exit), why });
    this.#resolveEnded();
  }

  #emit(event: LaunchEvent): void {
    this.dependencies.onEvent(event);
  }
}

function describeExit({ code, signal, error }: ChildExit): string {
  if (error !== undefined) return `could not be started: ${error.message}`;
  return signal === null ? `exit code ${code}` : `ended by ${signal}`;
}
