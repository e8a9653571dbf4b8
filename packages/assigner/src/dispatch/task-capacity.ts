import type { CapacityReading } from "../attempt/capacity-reading.js";

/** Whether a task can be served; `unreachable`: its controller does not answer. */
export type Service = "served" | "without workers" | "unreachable";

/** If a reading takes longer, the controller may hang: until it answers, none of its tasks' samples are started. Milliseconds. */
const patienceMs = 3_000;

interface TaskState {
  free: number;
  /** Number of samples started since the last reading was requested. */
  started: number;
  /** When the pending reading was requested; undefined if there is none. */
  askedAt: number | undefined;
  service: Service;
  lastServed: number;
}

/**
 * The controller's free capacity of each task, between two readings: the last reading, minus samples started since it was
 * requested, plus samples ended since it arrived. Pure; the end of a sample never waits for a reading.
 */
export class TaskCapacity {
  readonly #tasks = new Map<string, TaskState>();

  /** @param now monotonic milliseconds: the waiting time of a task without workers counts from here */
  constructor(tasks: Iterable<string>, now: number) {
    for (const task of tasks) {
      this.#tasks.set(task, { free: 0, started: 0, askedAt: undefined, service: "served", lastServed: now });
    }
  }

  /** 0 while the controller is unreachable: samples started then would only fail. */
  freeOf(task: string, now: number): number {
    const state = this.#tasks.get(task);
    if (state === undefined || state.service === "unreachable") return 0;
    return state.askedAt !== undefined && now - state.askedAt > patienceMs ? 0 : state.free;
  }

  serviceOf(task: string): Service {
    return this.#tasks.get(task)?.service ?? "unreachable";
  }

  started(task: string): void {
    const state = this.#tasks.get(task);
    if (state === undefined) return;
    state.free -= 1;
    state.started += 1;
  }

  ended(task: string): void {
    const state = this.#tasks.get(task);
    if (state) state.free += 1;
  }

  /** After a 406: no capacity is free until the next reading. */
  exhausted(task: string): void {
    const state = this.#tasks.get(task);
    if (state) state.free = 0;
  }

  /** Marks the time at which a reading is requested; {@link apply} subtracts the samples started since then. */
  asking(task: string, now: number): void {
    const state = this.#tasks.get(task);
    if (state === undefined) return;
    state.started = 0;
    state.askedAt = now;
  }

  /** Applies a reading; undefined if the controller was unreachable. */
  apply(task: string, reading: CapacityReading | undefined, now: number): void {
    const state = this.#tasks.get(task);
    if (state === undefined) return;
    state.askedAt = undefined;
    state.service = reading === undefined ? "unreachable" : reading.workers > 0 ? "served" : "without workers";
    if (state.service === "served") state.lastServed = now;
    if (reading) state.free = reading.free - state.started;
  }

  /** Milliseconds for which a task has had no worker or no controller. */
  starvedFor(task: string, now: number): number {
    const state = this.#tasks.get(task);
    return state === undefined || state.service === "served" ? 0 : now - state.lastServed;
  }
}
