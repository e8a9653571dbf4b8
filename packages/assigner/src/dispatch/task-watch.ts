import { messageOf } from "@eval/protocol";
import type { Ledger } from "../allocation/ledger.js";
import type { CapacityReading } from "../attempt/capacity-reading.js";
import type { CenterOptions } from "./center-options.js";
import { Poll } from "./poll.js";
import { type Service, TaskCapacity } from "./task-capacity.js";

export interface TaskWatchOptions extends Pick<CenterOptions, "readCapacity" | "logger" | "waitForWorkersMs"> {
  tasks: ReadonlySet<string>;
  ledger: Ledger;
  /** No more readings after it is aborted. */
  stopped: AbortSignal;
  /** Called after each reading. */
  onReading: () => void;
  /** Called when a task was not served for too long and has nothing in flight. */
  onStarved: (task: string, why: string) => void;
}

/** Time between two readings of the controllers' capacity, and after a 406; milliseconds. */
const readEveryMs = 2_000;
const readAgainMs = 200;

/** The user is informed after this many readings without free capacity. */
const idleReadings = 3;

/** Reads the free capacity of the tasks from the controllers, and logs problems for the user. */
export class TaskWatch {
  /** The capacity between two readings. */
  readonly capacity: TaskCapacity;
  readonly #reading = new Poll(() => this.#read(), readEveryMs, readAgainMs);
  /** Consecutive readings that found a task served, but without free capacity for this run. */
  readonly #idle = new Map<string, number>();

  constructor(private readonly options: TaskWatchOptions) {
    this.capacity = new TaskCapacity(options.tasks, performance.now());
  }

  start(): void {
    this.#reading.start();
  }

  stop(): void {
    this.#reading.stop();
  }

  /** After a 406: no capacity is free until the next reading, which comes soon. */
  exhausted(task: string): void {
    this.capacity.exhausted(task);
    this.#reading.soon();
  }

  async #read(): Promise<void> {
    const { tasks: all, ledger, logger, stopped } = this.options;
    if (stopped.aborted) return;
    const tasks = [...all].filter((task) => ledger.waitingFor(task) > 0 || ledger.inFlightOf(task) > 0);
    const asked = performance.now();
    for (const task of tasks) this.capacity.asking(task, asked);
    try {
      const readings = await this.options.readCapacity(tasks, stopped);
      const now = performance.now();
      for (const task of tasks) this.#apply(task, readings.get(task), now);
    } catch (error) {
      if (!stopped.aborted) logger.warn(`Cannot read the free capacities: ${messageOf(error)}`);
    }
    this.options.onReading();
  }

  #apply(task: string, reading: CapacityReading | undefined, now: number): void {
    const { logger } = this.options;
    const before = this.capacity.serviceOf(task);
    this.capacity.apply(task, reading, now);
    const service = this.capacity.serviceOf(task);
    if (service === "served" && before !== "served") logger.info(`${task} has workers again`);
    if (service !== "served" && before !== service) logger.warn(`${task}: ${reasons[service]}; waiting`);
    if (service === "served") this.#sayIfCrowdedOut(task, now);
    else this.#giveUpIfStarved(task, service, now);
  }

  /** Other clients may use all capacity of a task: tell the user why nothing happens. */
  #sayIfCrowdedOut(task: string, now: number): void {
    const { ledger, logger } = this.options;
    const isIdle = ledger.inFlightOf(task) === 0 && ledger.waitingFor(task) > 0;
    const readings = isIdle && this.capacity.freeOf(task, now) <= 0 ? (this.#idle.get(task) ?? 0) + 1 : 0;
    this.#idle.set(task, readings);
    if (readings === idleReadings) {
      logger.warn(`${task}: other clients use all slots of its workers; waiting for a free slot`);
    }
  }

  /** A task without workers must not keep the run open. */
  #giveUpIfStarved(task: string, service: Exclude<Service, "served">, now: number): void {
    const { ledger, waitForWorkersMs, onStarved } = this.options;
    const isWaitedFor = this.capacity.starvedFor(task, now) < waitForWorkersMs;
    if (!isWaitedFor && ledger.inFlightOf(task) === 0) onStarved(task, reasons[service]);
  }
}

const reasons = {
  "without workers": "no worker is registered at its controller",
  unreachable: "its controller is unreachable",
} as const;
