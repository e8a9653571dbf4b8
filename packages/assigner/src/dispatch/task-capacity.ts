import type { CapacityReading } from "../attempt/capacity-reading.js";

/** Whether a task can be served: `away`: its controller cannot be asked. */
export type Service = "served" | "without workers" | "away";

/** A controller that takes longer over a reading may hang: until it answers, nothing is started on its tasks. Milliseconds. */
const patienceMs = 3_000;

interface TaskState {
  free: number;
  /** Started since the last reading was asked for. */
  started: number;
  /** When the reading that is under way was asked for; undefined where none is. */
  askedAt: number | undefined;
  service: Service;
  lastServed: number;
}

/**
 * What the controller has free of each task, between two readings: the last one, less what was started since it was
 * asked for and more what has ended since it came. Pure; nothing waits for it on the path of a completion.
 */
export class TaskCapacity {
  readonly #tasks = new Map<string, TaskState>();

  /** @param now monotonic milliseconds: from here on a task without workers is waited for */
  constructor(tasks: Iterable<string>, now: number) {
    for (const task of tasks) {
      this.#tasks.set(task, { free: 0, started: 0, askedAt: undefined, service: "served", lastServed: now });
    }
  }

  /** Nothing, while the controller cannot be asked: what is started then would only fail. */
  freeOf(task: string, now: number): number {
    const state = this.#tasks.get(task);
    if (state === undefined || state.service === "away") return 0;
    return state.askedAt !== undefined && now - state.askedAt > patienceMs ? 0 : state.free;
  }

  serviceOf(task: string): Service {
    return this.#tasks.get(task)?.service ?? "away";
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

  /** After a 406: nothing is free until the controller was asked again. */
  exhausted(task: string): void {
    const state = this.#tasks.get(task);
    if (state) state.free = 0;
  }

  /** Marks the moment in which a reading is asked for; {@link apply} takes what has started since off it. */
  asking(task: string, now: number): void {
    const state = this.#tasks.get(task);
    if (state === undefined) return;
    state.started = 0;
    state.askedAt = now;
  }

  /** Takes a reading over; undefined: the controller could not be asked. */
  apply(task: string, reading: CapacityReading | undefined, now: number): void {
    const state = this.#tasks.get(task);
    if (state === undefined) return;
    state.askedAt = undefined;
    state.service = reading === undefined ? "away" : reading.workers > 0 ? "served" : "without workers";
    if (state.service === "served") state.lastServed = now;
    if (reading) state.free = reading.free - state.started;
  }

  /** Milliseconds for which a task has had no worker, or no controller. */
  starvedFor(task: string, now: number): number {
    const state = this.#tasks.get(task);
    return state === undefined || state.service === "served" ? 0 : now - state.lastServed;
  }
}
