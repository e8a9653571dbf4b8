import type { Guardian } from "./guardian.js";
import { type ProcessSpec, Supervisor, type SupervisorDependencies } from "./supervisor.js";

/** All processes of one start: owns, watches, restarts and stops them. */
export class ProcessGroup {
  readonly #supervisors: Supervisor[] = [];
  readonly #dependencies: SupervisorDependencies;
  readonly #guardian: Guardian;
  #stopped: Promise<void> | undefined;

  constructor(dependencies: SupervisorDependencies) {
    this.#dependencies = dependencies;
    this.#guardian = dependencies.guardian;
    this.#guardian.start();
  }

  get workers(): readonly Supervisor[] {
    return this.#supervisors.filter((supervisor) => supervisor.spec.role === "worker");
  }

  start(spec: ProcessSpec): Supervisor {
    const supervisor = new Supervisor(spec, this.#dependencies);
    this.#supervisors.push(supervisor);
    supervisor.start();
    return supervisor;
  }

  /** Ends the workers, then the controller, which the workers still notify. Each has its own deadline. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stopInOrder();
    return this.#stopped;
  }

  /** Synchronous, for a program that is about to leave: SIGKILL to all; the guard kills containers. */
  kill(): void {
    this.#guardian.killNow();
    for (const supervisor of this.#supervisors) supervisor.kill();
  }

  async #stopInOrder(): Promise<void> {
    for (const role of ["worker", "controller"] as const) {
      const those = this.#supervisors.filter((supervisor) => supervisor.spec.role === role);
      await Promise.all(those.map((supervisor) => supervisor.stop()));
    }
    await this.#guardian.close();
  }
}
