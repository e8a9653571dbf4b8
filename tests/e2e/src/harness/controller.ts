import { type SessionList, type WorkerList, workerLiveness } from "@eval/protocol";
import { waitFor } from "@eval/protocol/testing";
import { deadlineMs } from "./deadline.js";
import type { OwnedProcess } from "./owned-process.js";
import type { Stage } from "./stage.js";

export type ListedWorker = WorkerList[string]["workers"][string];

/** A controller's process, and what it says of itself. */
export class ControllerProcess {
  private constructor(
    private readonly stage: Stage,
    private readonly flags: readonly string[],
    readonly port: number,
    readonly address: string,
    private process: OwnedProcess,
  ) {}

  static async start(stage: Stage, flags: readonly string[] = []): Promise<ControllerProcess> {
    const process = stage.start("controller", ["--port", "0", ...flags]);
    const { port, address } = await process.listening();
    return new ControllerProcess(stage, flags, port, address, process);
  }

  kill(): Promise<void> {
    return this.process.kill();
  }

  /** Starts it again where it was. Somebody else's connection may hold the port for a moment. */
  async restart(): Promise<void> {
    await waitFor(async () => this.#tryToListen(), { what: `a controller on ${this.port} again`, deadlineMs });
  }

  sessions(): Promise<SessionList> {
    return this.#get("/list_sessions") as Promise<SessionList>;
  }

  /** The workers of a task; none if the controller does not know it. */
  async workers(task: string): Promise<ListedWorker[]> {
    const tasks = (await this.#get("/list_workers")) as WorkerList;
    return Object.values(tasks[task]?.workers ?? {});
  }

  /** Resolves when so many workers of a task can take samples. */
  async untilWorkers(task: string, count: number): Promise<void> {
    const isThere = ({ status, locked }: ListedWorker) => status === workerLiveness.alive && !locked;
    await waitFor(async () => (await this.workers(task)).filter(isThere).length >= count, {
      what: `${count} workers of ${task} at ${this.address}`,
      deadlineMs,
    });
  }

  /** Resolves when no session is open and every worker (of this task) has all its capacity: within half a lease. */
  async untilIdle(task: string, withinMs = 30_000): Promise<void> {
    await waitFor(
      async () => {
        const [sessions, workers] = await Promise.all([this.sessions(), this.workers(task)]);
        const isIdle = Object.keys(sessions).length === 0 && workers.every(({ current }) => current === 0);
        if (!isIdle) throw new Error(JSON.stringify({ sessions, workers }));
        return true;
      },
      { what: `no open session at ${this.address}`, deadlineMs: withinMs },
    );
  }

  async #tryToListen(): Promise<boolean> {
    const next = this.stage.start("controller", ["--port", String(this.port), ...this.flags]);
    try {
      await next.listening();
    } catch (error) {
      if (!next.stderr.includes("PORT_IN_USE")) throw error;
      return false;
    }
    this.process = next;
    return true;
  }

  async #get(path: string): Promise<unknown> {
    const response = await fetch(this.address + path, { signal: AbortSignal.timeout(deadlineMs) });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return response.json();
  }
}
